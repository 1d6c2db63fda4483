/** A field with its label, its help, and a place for what the server says of it. */

import { h } from "../dom.js";

/** @typedef {import("../dom.js").Child} Child */
/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Input */
/** @typedef {{ element: HTMLElement, input: Input, refuse: (why: string) => void }} Field `refuse("")` takes it back */

/**
 * @param {string} label
 * @param {Input} input with an id of its own
 * @param {Child} [help]
 * @param {HTMLElement} [around] the input, with what stands beside it
 * @returns {Field}
 */
export function field(label, input, help, around = input) {
  const hint = h("p", { class: "hint", id: `${input.id}-hint` });
  const text = help ? h("p", { class: "help", id: `${input.id}-help` }, help) : null;
  input.setAttribute("aria-describedby", [hint.id, text?.id].filter(Boolean).join(" "));
  return { element: h("div", { class: "field" }, h("label", { for: input.id }, label), around, hint, text), input, refuse: refusing(input, hint) };
}

/**
 * Many boxes, or radios, under one heading.
 * @param {string} id
 * @param {string} legend
 * @param {Child} content
 * @param {Child} [help]
 */
export function group(id, legend, content, help) {
  const hint = h("p", { class: "hint", id: `${id}-hint` });
  const text = help ? h("p", { class: "help", id: `${id}-help` }, help) : null;
  const described = [hint.id, text?.id].filter(Boolean).join(" ");
  const element = h("fieldset", { id, class: "field", "aria-describedby": described }, h("legend", {}, legend), content, hint, text);
  return { element, refuse: refusing(element, hint) };
}

/**
 * A box, or a radio, with its label behind it.
 * @param {import("../dom.js").Attributes} attributes with an id
 * @param {...Child} label
 */
export function box(attributes, ...label) {
  const input = h("input", { type: "checkbox", ...attributes });
  return { element: h("div", { class: "box" }, input, h("label", { for: input.id }, label)), input };
}

/**
 * @param {HTMLElement} input
 * @param {HTMLElement} hint
 * @returns {(why: string) => void}
 */
function refusing(input, hint) {
  return (why) => {
    hint.textContent = why;
    if (!why) return input.removeAttribute("aria-invalid");
    if (input.tagName !== "FIELDSET") input.setAttribute("aria-invalid", "true");
  };
}
