/** The environments that were deleted, from which they come back. */

import { h } from "../dom.js";
import { momentOf } from "../moments.js";
import { Finder } from "./finder.js";
import { restore } from "./restoring.js";
import { when } from "./small.js";
import { empty } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */

/**
 * @param {App} app
 * @param {URLSearchParams} query
 * @returns {Promise<import("../app.js").Page>}
 */
export async function deleted(app, query) {
  const { body } = await app.api.ask("/templates?view=full&deleted=true");
  /** @type {Map<string, Template>} */
  const templates = new Map(body.filter((/** @type {any} */ one) => one.deleted).map((/** @type {Template} */ one) => [one.name, one]));
  const finder = new Finder(app, query, {
    templates: () => templates,
    row: (row) => element(app, row),
    heads: ["Environment", "Instead", "Last written", ""],
    elsewhere: [h("a", { href: app.base }, "Those that there are")],
    none: () => empty("Nothing was deleted.", h("a", { class: "button", href: app.base }, "Those that there are")),
  });
  finder.list.classList.add("deleted");
  finder.heads.classList.add("deleted");
  return { title: "Deleted environments", content: finder.content, close: () => finder.close() };
}

/**
 * @param {App} app
 * @param {import("../searching.js").Row} row
 */
function element(app, { template, title }) {
  const { name } = template;
  const back = async () => {
    const { change } = await momentOf(app.api, name);
    if (change && (await restore(app, name, change.previous, () => void app.show()))) await app.go(app.to("templates", name));
  };
  const instead = template["replaced-by"];
  return h(
    "li",
    {},
    h("div", { class: "what" }, h("a", { class: "title", dir: "auto", href: app.to("templates", name) }, title), title === name ? null : h("span", { class: "mono quiet", dir: "auto" }, name)),
    h("div", { class: "cell" }, instead ? ["replaced by ", h("a", { href: app.to("templates", instead), dir: "auto" }, instead)] : null),
    h("div", { class: "cell" }, h("span", { class: "unseen" }, "Last written "), when(template["time-modified"])),
    h("div", { class: "cell" }, app.may("write", template) ? h("button", { type: "button", class: "plain", "aria-label": `Restore… ${name}`, onclick: back }, "Restore…") : null),
  );
}
