/** The table of pages: each is loaded when it is first looked at. */

/** @typedef {{ default: import("./app.js").MakePage }} Module */

/** @type {import("./router.js").Entry<() => Promise<Module>>[]} */
export const PAGES = [
  ["", () => import("./pages/catalogue.js")],
  ["templates/:name", () => import("./pages/template.js")],
  ["templates/:name/history", () => import("./pages/history.js")],
  ["templates/:name/compare", () => import("./pages/compare.js")],
  ["templates/:name/edit", () => import("./pages/edit.js")],
  ["new", () => import("./pages/edit.js")],
  ["apply", () => import("./pages/apply.js")],
  ["view", () => import("./pages/view.js")],
  ["tokens", () => import("./pages/tokens.js")],
  ["audit", () => import("./pages/audit.js")],
  ["login", () => import("./pages/login.js")],
];
