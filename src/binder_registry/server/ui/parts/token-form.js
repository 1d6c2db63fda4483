/** Making a token: what it may do, what it reaches, and until when. */

import { Refusal } from "../api.js";
import { fill, h } from "../dom.js";
import { atFields } from "../hinting.js";
import { rights } from "../holding.js";
import { globsOf } from "../token-list.js";
import { box, field, group } from "./inputs.js";
import { refused } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../token-list.js").Token} Token */

const DAY = 86_400;
const USUAL_DAYS = "90";

/**
 * @param {App} app
 * @param {(token: Token) => void} made
 * @returns {HTMLElement}
 */
export function tokenForm(app, made) {
  const plain = { type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off" };
  const name = field("Name", h("input", { ...plain, id: "token-name", required: true }), ["a to z, digits and -. The history says ", h("code", {}, "token:name"), ". A name is given once."]);
  const note = field("What it is for", h("input", { ...plain, id: "token-note", dir: "auto" }));
  const boxes = rights(app.holder?.scopes ?? []).map(([scope, allows]) => ({ scope, ...box({ id: `scope-${scope}`, checked: scope === "write" }, h("code", {}, scope), allows && `: ${allows}`) }));
  const scopes = group("scopes", "It may", boxes.map((one) => one.element));
  const templates = field("Names of templates", h("textarea", { id: "token-templates", class: "mono", rows: 2, spellcheck: "false", placeholder: "scipy*" }), "Globs, one in a line. Empty: every name that yours reaches.");
  const labels = field("Labels", h("input", { ...plain, id: "token-labels", class: "mono", placeholder: "team=physics" }), "It writes templates with these labels alone. Empty: any.");
  const days = field("Days that it lasts", h("input", { id: "token-days", type: "number", min: 1, step: 1, value: USUAL_DAYS, inputmode: "numeric" }), "90 are usual. No token lasts longer than the one that makes it.");
  const fields = new Map(Object.entries({ name, note, scopes, templates, labels, "expires-in": days }));
  const said = h("div");
  const send = h("button", { class: "primary" }, "Make the token");

  /** @param {Event} event */
  async function submitted(event) {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    fill(said);
    fields.forEach((one) => one.refuse(""));
    try {
      const { body } = await app.api.ask("/tokens", {
        method: "POST",
        body: {
          name: name.input.value.trim(),
          note: note.input.value.trim(),
          scopes: boxes.filter((one) => one.input.checked).map((one) => one.scope),
          templates: globsOf(templates.input.value),
          labels: labels.input.value.trim(),
          ...(days.input.value && { "expires-in": Math.round(Number(days.input.value) * DAY) }),
        },
      });
      form.reset();
      made(body);
    } catch (error) {
      refuse(error);
    } finally {
      send.disabled = false;
    }
  }

  /** @param {unknown} error */
  function refuse(error) {
    if (!(error instanceof Refusal)) return fill(said, refused(error));
    const hints = error.kind === "token_exists" ? [{ field: "name" }] : error.hints;
    const { at, elsewhere } = atFields({ message: error.message, hints }, fields.keys());
    at.forEach((why, one) => fields.get(one)?.refuse(why));
    if (elsewhere) fill(said, refused(error));
    const first = form.querySelector("[aria-invalid=true], .hint:not(:empty)");
    const reached = first?.matches(".hint") ? first.parentElement?.querySelector("input") : first;
    if (reached instanceof HTMLElement) reached.focus();
  }

  const form = h(
    "form",
    { class: "making", onsubmit: submitted, novalidate: true },
    h("div", { class: "columns" }, h("div", {}, name.element, note.element, scopes.element), h("div", {}, templates.element, labels.element, days.element)),
    said,
    h("p", {}, send),
  );
  return form;
}
