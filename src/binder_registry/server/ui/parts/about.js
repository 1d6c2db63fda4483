/** Whose a template is, for whom, and how it came to be what it is. */

import { h } from "../dom.js";
import { beginning, counted, who } from "../format.js";
import { long, note, when } from "./small.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../types.js").Change} Change */

/**
 * @param {App} app
 * @param {Template} template
 * @param {Change} change the newest of it
 * @returns {HTMLElement}
 */
export function about(app, template, change) {
  const labels = Object.entries(/** @type {Record<string, string>} */ (template.labels ?? {}));
  const groups = template["allowed-groups"] ?? [];
  const history = app.to("templates", template.name, "history");
  return h(
    "dl",
    { class: "facts" },
    fact("Name", h("code", { dir: "auto" }, template.name)),
    fact("Owner", template.contact && h("span", { dir: "auto" }, template.contact)),
    fact("For", groups.length ? groups.map((/** @type {string} */ group) => [h("span", { class: "tag", dir: "auto" }, group), " "]) : "everyone"),
    fact("Labels", labels.map(([key, value]) => [label(app, key, value), " "])),
    fact("In the list", [template.default && "preselected", template.order && `place ${template.order}`].filter(Boolean).join(", ")),
    fact("Icon", template.icon?.startsWith("https:") && h("a", { href: template.icon, rel: "noopener noreferrer nofollow", target: "_blank", dir: "auto" }, beginning(template.icon, 120))),
    fact("Changed", [when(change.time), change.by ? [" by ", who(change.by)] : null, ", ", h("a", { href: history }, `revision ${change.revision}`), change.note ? [h("br"), note(change.note)] : null]),
    fact("Created", template["time-created"] && when(template["time-created"])),
    fact("Launchers", template.uses?.length && `have to know ${counted(template.uses.length, "member")}: ${template.uses.join(", ")}`),
  );
}

/**
 * @param {string} title
 * @param {import("../dom.js").Child} value
 */
function fact(title, value) {
  return !value || (Array.isArray(value) && !value.length) ? null : [h("dt", {}, title), h("dd", {}, typeof value === "string" ? long(value) : value)];
}

/**
 * @param {App} app
 * @param {string} key
 * @param {string} value
 */
function label(app, key, value) {
  const text = value ? `${key}=${value}` : key;
  return h("a", { class: "tag", href: `${app.base}?${new URLSearchParams({ label: text })}` }, text);
}
