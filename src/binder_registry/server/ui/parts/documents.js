/** A template for other tools: as YAML, as JSON, as a line for a shell. The server writes them. */

import { path, Refusal } from "../api.js";
import { parametersOf } from "../choosing.js";
import { KEPT } from "../differences.js";
import { h } from "../dom.js";
import { copies } from "./small.js";
import { refused } from "./states.js";
import { tabs } from "./tabs.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Parameters<import("../api.js").Api["ask"]>} Asked */
/** @typedef {{ template: Record<string, any>, chosen: import("../choosing.js").Chosen, query: [string, string][] }} Shown `query`
 *   says of which revision or channel it is */

/**
 * @param {App} app
 * @param {() => Shown} shown
 * @returns {{ element: HTMLElement, again: () => void }} `again`: another thing is shown
 */
export function documents(app, shown) {
  const yaml = () => /** @type {Asked} */ (["/documents", { method: "POST", body: plain(shown().template), headers: { Accept: "application/yaml" } }]);
  const run = () => {
    const { template, chosen, query } = shown();
    return /** @type {Asked} */ ([`${path("templates", template.name, "docker-run")}?${new URLSearchParams([...parametersOf(chosen), ...query])}`]);
  };
  return tabs("As a document", [
    ["YAML", asked(app, "the YAML", yaml, "This server does not write YAML.")],
    ["JSON", (panel) => json(panel, shown().template)],
    ["docker run", asked(app, "the line", run, "This server does not write a line for docker.")],
  ]);
}

/**
 * What people write of a template.
 * @param {Record<string, any>} template
 */
export function plain(template) {
  return Object.fromEntries(Object.entries(template).filter(([member]) => !KEPT.has(member)));
}

/**
 * @param {HTMLElement} panel
 * @param {Record<string, any>} template
 */
function json(panel, template) {
  panel.dataset.shows = "the JSON";
  panel.replaceChildren(text("the JSON", JSON.stringify(plain(template), null, 2)));
}

/**
 * The last question wins, and the same one is not asked again.
 * @param {App} app
 * @param {string} what
 * @param {() => Asked} question
 * @param {string} absent said of a server that has no such route
 * @returns {(panel: HTMLElement) => Promise<void>}
 */
function asked(app, what, question, absent) {
  let [turn, before] = [0, ""];
  return async (panel) => {
    const asks = question();
    if (panel.dataset.shows === what && JSON.stringify(asks) === before) return;
    const mine = ++turn;
    before = JSON.stringify(asks);
    panel.dataset.shows = what;
    const answer = await app.api.ask(...asks).then(
      ({ body }) => text(what, String(body).trimEnd()),
      (error) => (error instanceof Refusal && error.kind === "route_not_found" ? h("p", { class: "quiet" }, absent) : refused(error)),
    );
    if (mine === turn && panel.dataset.shows === what) panel.replaceChildren(answer);
  };
}

/**
 * @param {string} what
 * @param {string} text
 */
function text(what, text) {
  return h("div", { class: "document" }, copies(what, () => text), h("pre", { class: what === "the line" && "line", tabindex: 0, role: "region", "aria-label": what.replace(/^the /, "") }, h("code", {}, text)));
}
