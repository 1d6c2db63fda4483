/** The line above every page: where to go, and who looks. */

import { h } from "../dom.js";
import { who } from "../format.js";
import { live } from "./live.js";
import { entrance } from "./states.js";

/** @typedef {import("../app.js").App} App */

/**
 * @param {App} app
 * @returns {HTMLElement[]}
 */
export function header(app) {
  const links = /** @type {[string, string, boolean][]} */ ([
    ["", "Environments", true],
    ["new", "New", app.may("write")],
    ["apply", "Apply a file", app.may("write")],
    ["view", "View as", app.may("admin")],
    ["tokens", "Tokens", app.may("tokens") || app.may("admin")],
    ["audit", "Audit", true],
  ]);
  const here = location.pathname;
  const items = links
    .filter(([, , shown]) => shown)
    .map(([path, text]) => h("li", {}, h("a", { href: app.base + path, "aria-current": here === app.base + path && "page" }, text)));
  return [
    h("nav", { "aria-label": "Main" }, h("a", { class: "brand", href: app.base }, "Registry"), h("ul", {}, items)),
    h("div", { class: "holder" }, live(app), app.holder ? holder(app, app.holder) : h("a", { href: entrance(app) }, "Log in")),
  ];
}

/**
 * @param {App} app
 * @param {import("../types.js").Holder} holder
 */
function holder(app, holder) {
  const rights = holder.scopes.length ? holder.scopes.join(", ") : "nothing";
  return [h("span", { dir: "auto", title: `may: ${rights}` }, who(holder.by)), h("a", { href: app.to("login") }, "Log out")];
}
