/** What must be known of a template before all else. */

import { h } from "../dom.js";
import { long, note, when } from "./small.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../dom.js").Child} Child */

/**
 * @param {App} app
 * @param {Template} template
 * @returns {HTMLElement[]}
 */
export function banners(app, template) {
  const found = [];
  if (template.paused) found.push(banner("warn", h("strong", {}, "Paused"), " ", text(template.paused)));
  if (template.deprecated) found.push(banner("warn", h("strong", {}, "Deprecated"), " ", text(template.deprecated)));
  if (template["replaced-by"]) found.push(banner("warn", h("strong", {}, "Replaced by"), " ", h("a", { href: app.to("templates", template["replaced-by"]), dir: "auto" }, template["replaced-by"])));
  return found;
}

/**
 * That what is shown is not what is now.
 * @param {App} app
 * @param {string} name
 * @param {import("../types.js").Change} then
 * @param {{ revision?: number, channel?: string, newest: number, way: Child }} of
 */
export function asOf(app, name, then, { revision, channel, newest, way }) {
  const what = channel ? ["As of the channel ", h("strong", {}, channel)] : ["As it was at ", h("strong", {}, `revision ${revision}`)];
  const here = app.to("templates", name);
  return banner(
    "",
    ...what,
    ", written ",
    when(then.time),
    then.revision !== revision ? [" at revision ", h("a", { href: `${here}?revision=${then.revision}` }, String(then.revision))] : null,
    ". ",
    h("span", { class: "ways" }, h("a", { href: here }, "See it now"), h("a", { href: `${app.to("templates", name, "compare")}?from=${then.revision}&to=${newest}` }, "Compare with now"), way),
  );
}

/**
 * @param {string} kind "", "warn", "bad"
 * @param {...Child} children
 */
export function banner(kind, ...children) {
  return h("div", { class: `banner ${kind}` }, children);
}

/** @param {string} written */
function text(written) {
  return h("span", { class: "told" }, long(written, note));
}
