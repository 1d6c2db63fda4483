/** The catalogue as it was, at a revision or at a moment. */

import { Refusal } from "../api.js";
import { h } from "../dom.js";
import { moment as written } from "../format.js";
import { revisionAt } from "../searching.js";
import { ask } from "./dialog.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */

/** @typedef {{ revision: number, templates: Map<string, Template>, banner: HTMLElement }} Then */

/**
 * @param {App} app
 * @param {URLSearchParams} query `revision`, or `at`, a moment of the reader's zone
 * @returns {Promise<Then | null>} null: now is asked for. Raises `Refusal`.
 */
export async function then(app, query) {
  const [at, asked] = [query.get("at"), query.get("revision")];
  if (at === "") {
    query.delete("at");
    app.note(query);
    void choose(app);
  }
  if (!at && asked === null) return null;
  const revision = at ? await revisionOf(app, moment(at)) : number(asked ?? "");
  const { body } = await app.api.ask(`/templates?view=full&revision=${revision}`);
  const time = revision ? await timeOf(app, revision) : null;
  const banner = h(
    "div",
    { class: "banner then" },
    "As it was at ",
    h("strong", {}, `revision ${revision}`),
    time ? [", from ", h("time", { datetime: time.toISOString() }, written(time)), " on"] : ", before the first change",
    ". ",
    h("span", { class: "ways" }, h("a", { href: app.base }, "See it now"), h("button", { type: "button", class: "plain", onclick: () => choose(app) }, "Another moment…")),
  );
  return { revision, templates: new Map(body.map((/** @type {Template} */ one) => [one.name, one])), banner };
}

/** @param {string} text of an address */
function number(text) {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  throw new Refusal(400, "revision_unknown", `“${text.slice(0, 40)}” is no revision: it is a whole number.`);
}

/** @param {string} text of an address */
function moment(text) {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new Refusal(400, "invalid_request", `“${text.slice(0, 40)}” is no moment: one looks like 2026-11-01T10:00.`);
}

/** @param {App} app */
async function choose(app) {
  const revision = h("input", { id: "revision", inputmode: "numeric", });
  const at = h("input", { id: "at", type: "datetime-local" });
  let address = "";
  const content = [
    h("div", { class: "field" }, h("label", { for: "at" }, "At a moment"), at, h("p", { class: "help" }, "In your own time zone.")),
    h("div", { class: "field" }, h("label", { for: "revision" }, "Or at a revision of the registry"), revision),
  ];
  const act = () => {
    const number = revision.value.trim();
    if (!number && !at.value) return h("p", { class: "refused", role: "alert" }, "Choose a moment, or a revision.");
    if (number && !/^[0-9]{1,18}$/.test(number)) return h("p", { class: "refused", role: "alert" }, "A revision is a whole number.");
    address = `${app.base}?${number ? `revision=${number}` : `at=${encodeURIComponent(at.value)}`}`;
  };
  if (await ask("As it was", content, { action: "Look", act })) await app.go(address);
}

/**
 * @param {App} app
 * @param {Date} moment
 */
async function revisionOf(app, moment) {
  const { headers } = await app.api.ask("/changes?order=newest&limit=1");
  return revisionAt(Number(headers.get("registry-revision")), moment, (revision) => timeOf(app, revision));
}

/**
 * @param {App} app
 * @param {number} revision
 */
async function timeOf(app, revision) {
  const { body } = await app.api.ask(`/changes?since=${revision - 1}&limit=1`);
  return new Date(body.changes[0].time);
}
