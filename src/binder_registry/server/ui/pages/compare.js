/** Two states of one template side by side: `?from=3&to=7`. */

import { h } from "../dom.js";
import { who } from "../format.js";
import { isDeleted, living, momentOf, revisionOf } from "../moments.js";
import { difference, lineByLine } from "../parts/difference.js";
import { plain } from "../parts/documents.js";
import { note, when } from "../parts/small.js";
import { empty, refused } from "../parts/states.js";
import { tabs } from "../parts/tabs.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {{ revision: number, change: Change | null, problem: string }} Side */

/** @type {import("../app.js").MakePage} */
export default async function compare(app, { name }, query) {
  const actions = [
    h("a", { class: "button", href: app.to("templates", name) }, "The template"),
    h("a", { class: "button", href: app.to("templates", name, "history") }, "History"),
  ];
  const [from, to] = await Promise.all([side(app, name, query.get("from")), side(app, name, query.get("to"))]);
  return { title: `${name}, two revisions`, actions, content: [choice(app, name, from, to), heads(app, name, from, to), body(app, from, to)] };
}

/**
 * @param {App} app
 * @param {string} name
 * @param {string | null} asked where it is not given: now
 * @returns {Promise<Side>}
 */
async function side(app, name, asked) {
  const revision = revisionOf(asked);
  if (asked !== null && revision === null) return { revision: 0, change: null, problem: `“${asked.slice(0, 40)}” is no revision: it is a whole number.` };
  const { change, newest } = await momentOf(app.api, name, revision ?? undefined);
  const at = revision ?? newest;
  if (at > newest) return { revision: at, change: null, problem: `There is no revision ${at} yet: the newest is ${newest}.` };
  if (!change) return { revision: at, change, problem: `${name} was not there yet at revision ${at}.` };
  return { revision: at, change, problem: change.template ? "" : `What it was at revision ${at} was purged: it cannot be compared.` };
}

/**
 * @param {App} app
 * @param {string} name
 * @param {Side} from
 * @param {Side} to
 */
function choice(app, name, from, to) {
  const input = (/** @type {string} */ id, /** @type {number} */ value) => h("input", { id, type: "number", min: 1, required: true, inputmode: "numeric", value: value ? String(value) : "" });
  const [older, newer] = [input("from", from.revision), input("to", to.revision)];
  const go = (/** @type {string} */ one, /** @type {string} */ other) => app.go(`${app.to("templates", name, "compare")}?from=${one}&to=${other}`);
  return h(
    "form",
    { class: "actions jump", onsubmit: (/** @type {SubmitEvent} */ event) => (event.preventDefault(), go(older.value, newer.value)) },
    h("label", { for: older.id }, "From revision"),
    older,
    h("label", { for: newer.id }, "to"),
    newer,
    h("button", { class: "primary" }, "Compare"),
    h("button", { type: "button", onclick: () => go(newer.value, older.value) }, "Swap"),
  );
}

/**
 * @param {App} app
 * @param {string} name
 * @param {Side} from
 * @param {Side} to
 */
function heads(app, name, from, to) {
  return h("div", { class: "sides" }, [from, to].map((side, at) => h("section", {}, h("h2", {}, side.revision ? `${at ? "To" : "From"} revision ${side.revision}` : at ? "To" : "From"), told(app, name, side))));
}

/**
 * @param {App} app
 * @param {string} name
 * @param {Side} side
 */
function told(app, name, { revision, change, problem }) {
  if (!change) return h("p", { class: "refused" }, problem);
  const here = `${app.to("templates", name)}?revision=${change.revision}`;
  return [
    h(
      "p",
      {},
      h("span", { class: "tag" }, change.action),
      " ",
      when(change.time),
      change.by ? [" by ", h("span", { dir: "auto" }, who(change.by))] : null,
      change.revision !== revision ? [", at ", h("a", { href: here }, `revision ${change.revision}`)] : [" · ", h("a", { href: here, "aria-label": `See it as of revision ${revision}` }, "See it")],
    ),
    change.note ? h("p", {}, note(change.note)) : null,
    problem ? h("p", { class: "refused" }, problem) : null,
  ];
}

/**
 * @param {App} app
 * @param {Side} from
 * @param {Side} to
 */
function body(app, from, to) {
  if (!from.change?.template || !to.change?.template) return null;
  if (from.change.revision === to.change.revision) return empty(from.revision === to.revision ? "Both are the same revision." : "Between the two nothing was written to it.");
  const [before, after] = [living(from.change), living(to.change)];
  const names = { before: `Revision ${from.revision}`, after: `Revision ${to.revision}` };
  if (!before && !after) return empty("It is deleted in both.");
  const gone = [from, to].find((side) => side.change && isDeleted(side.change));
  const yaml = (/** @type {Record<string, any> | null} */ one) =>
    one ? app.api.ask("/documents", { method: "POST", body: plain(one), headers: { Accept: "application/yaml" } }).then((answer) => String(answer.body)) : Promise.resolve("");
  const views = tabs("How they are compared", [
    ["Member by member", (panel) => void ((panel.dataset.shows = ""), panel.replaceChildren(difference(before, after, names)))],
    ["YAML", (panel) => lines(panel, "YAML", () => Promise.all([yaml(before), yaml(after)]))],
    ["JSON", (panel) => lines(panel, "JSON", async () => [json(before), json(after)])],
  ]);
  return [gone ? h("p", { class: "quiet" }, `It is deleted at revision ${gone.revision}.`) : null, views.element];
}

/** @param {Record<string, any> | null} one */
function json(one) {
  return one ? JSON.stringify(plain(one), null, 2) : "";
}

/**
 * The last question wins.
 * @param {HTMLElement} panel
 * @param {string} what
 * @param {() => Promise<string[]>} texts
 */
async function lines(panel, what, texts) {
  panel.dataset.shows = what;
  const shown = await texts().then(
    ([before, after]) => (before === after ? h("p", { class: "quiet" }, "Nothing differs.") : lineByLine(before, after, `${what}, the lines that differ`)),
    (error) => (error.kind === "route_not_found" ? h("p", { class: "quiet" }, `This server does not write ${what}.`) : refused(error)),
  );
  if (panel.dataset.shows === what) panel.replaceChildren(shown);
}
