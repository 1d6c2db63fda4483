/** One change of the log, in a line. */

import { h } from "../dom.js";
import { moment, who } from "../format.js";
import { note, when } from "./small.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Change} Change */

const KINDS = /** @type {Record<string, string>} */ ({ created: "accent", restored: "accent", deleted: "bad", purged: "warn" });

/**
 * @param {App} app
 * @param {Change} change
 * @returns {HTMLElement}
 */
export function auditRow(app, change) {
  const { name, revision, previous, action } = change;
  const compares = previous > 0 && change.template && action !== "deleted" && action !== "purged" && action !== "promoted";
  return h(
    "li",
    { "data-revision": revision },
    h("span", { class: "revision", title: `revision ${revision}` }, String(revision)),
    h(
      "div",
      { class: "what" },
      h("a", { href: app.to("templates", name), dir: "auto" }, name),
      h("span", { class: `tag ${KINDS[action] ?? ""}` }, said(change)),
      change.note ? h("p", {}, note(change.note)) : null,
    ),
    h("span", { dir: "auto", title: moment(new Date(change.time)) }, when(change.time), change.by ? ` by ${who(change.by)}` : null),
    h(
      "span",
      { class: "ways" },
      compares ? h("a", { href: `${app.to("templates", name, "compare")}?from=${previous}&to=${revision}`, "aria-label": `Compare ${name}, revision ${revision} with before` }, "Compare") : null,
      h("a", { href: app.to("templates", name, "history"), "aria-label": `History of ${name}` }, "History"),
    ),
  );
}

/** @param {Change} change */
function said({ action, promoted }) {
  if (!promoted) return action;
  if (!promoted.to) return `ended ${promoted.channel}`;
  return promoted.from ? `${promoted.channel} from ${promoted.from} to ${promoted.to}` : `${promoted.channel} begins at ${promoted.to}`;
}
