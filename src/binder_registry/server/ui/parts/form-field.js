/** One member of a template, as something to fill in. */

import { h } from "../dom.js";
import { rawOf } from "../form-values.js";
import { box, field as labelled, group } from "./inputs.js";
import { pairs } from "./pairs.js";

/** @typedef {import("../form-fields.js").Field} Field */
/** @typedef {import("../form-values.js").Raw} Raw */
/** @typedef {{ element: HTMLElement, focus: () => void, refuse: (why: string) => void, id: string }} Control */

let made = 0;

/** An id that nothing else has. */
export function fresh() {
  return `f${++made}`;
}

/**
 * @param {Field} field
 * @param {any} value
 * @param {(raw: Raw) => void} typed
 * @returns {Control}
 */
export function control(field, value, typed) {
  const [id, raw] = [fresh(), rawOf(field, value)];
  const help = helped(field.help);
  if (Array.isArray(raw)) {
    const rows = pairs(field.label, raw, typed);
    const { element, refuse } = group(id, field.label, rows.element, help);
    return { element, refuse, id, focus: rows.focus };
  }
  if (typeof raw === "boolean") return ticked(field, id, raw, typed, help);
  const input = inputOf(field, id, raw);
  input.addEventListener("input", () => typed(input.value));
  const { element, refuse } = labelled(labelOf(field), input, help);
  element.classList.add(`is-${field.kind}`);
  return { element, refuse, id, focus: () => input.focus() };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {boolean} raw
 * @param {(raw: Raw) => void} typed
 * @param {import("../dom.js").Child} help
 * @returns {Control}
 */
function ticked(field, id, raw, typed, help) {
  const hint = h("p", { class: "hint", id: `${id}-hint` });
  const described = h("p", { class: "help", id: `${id}-help` }, help);
  const { element, input } = box({ id, checked: raw, "aria-describedby": `${hint.id} ${described.id}`, onchange: () => typed(input.checked) }, field.label);
  /** @param {string} why */
  function refuse(why) {
    hint.textContent = why;
    if (why) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  return { element: h("div", { class: "field" }, element, hint, described), refuse, id, focus: () => input.focus() };
}

/**
 * @param {Field} field
 * @param {string} id
 * @param {string} raw
 * @returns {import("./inputs.js").Input}
 */
function inputOf(field, id, raw) {
  const common = { id, autocomplete: "off", dir: "auto", required: field.required };
  if (field.kind === "enum") return h("select", { id, value: raw }, h("option", { value: "" }, "—"), (field.among ?? []).map((one) => h("option", { value: one, selected: one === raw }, one)));
  if (field.kind === "json") return h("textarea", { ...common, class: "mono", rows: raw ? Math.min(14, raw.split("\n").length + 1) : 2, spellcheck: "false", dir: "ltr", placeholder: exampleOf(field), value: raw });
  if (field.kind === "long" || field.kind === "words") return h("textarea", { ...common, rows: Math.min(8, Math.max(2, raw.split("\n").length)), value: raw, placeholder: exampleOf(field) });
  const number = field.kind === "integer" || field.kind === "number" || field.kind === "bytes";
  return h("input", { ...common, type: "text", inputmode: field.kind === "integer" ? "numeric" : null, spellcheck: number ? "false" : null, placeholder: exampleOf(field), value: raw });
}

/** @param {Field} field */
function labelOf(field) {
  if (field.kind === "words") return `${field.label}, one a line`;
  if (field.kind === "json") return `${field.label}, as JSON`;
  return field.label;
}

/** @param {Field} field */
function exampleOf(field) {
  return field.example === undefined ? null : String(rawOf(field, field.example)).replaceAll("`", "");
}

/**
 * Descriptions have `code` and **weight**, and nothing else.
 * @param {string} text
 */
export function helped(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (/^`.+`$/.test(part)) return h("code", {}, part.slice(1, -1));
    return /^\*\*.+\*\*$/.test(part) ? h("strong", {}, part.slice(2, -2)) : part;
  });
}
