/** A template as a form: what is typed is in the model at once, and what is folded is drawn when it is opened. */

import { h } from "../dom.js";
import { readRaw, unread } from "../form-values.js";
import { control, fresh, helped } from "./form-field.js";
import { listNode } from "./form-list.js";

/** @typedef {import("../form-fields.js").Field} Field */
/** @typedef {import("../form-fields.js").Section} Section */
/** @typedef {Record<string, any>} Model */
/**
 * Where an object is that members are written to; `path` may change, since lists are reordered.
 * @typedef {{ model: Model, path: (member: string) => string, changed: () => void }} Place
 * A part of the form. `reveal` opens what hides a member; `find` is asked after it.
 * @typedef {{ element: HTMLElement, reveal: (path: string) => void, find: (path: string) => Found | null, clear: () => void }} Node
 * @typedef {{ focus: () => void, refuse: (why: string) => void, id: string, label: string }} Found
 */

/** Objects for which it counts that they are there, also where they say nothing. */
const COUNTED = new Set(["free-text"]);

/**
 * @param {Section[]} sections
 * @param {Model} model changed in place
 * @param {() => void} changed
 * @returns {Node}
 */
export function formOf(sections, model, changed) {
  const place = { model, path: (/** @type {string} */ member) => member, changed };
  const drawn = sections.map(({ title, folded, fields }) => {
    const nodes = fields.map((field) => nodeOf(field, place));
    if (!folded) return { nodes, element: h("section", {}, h("h2", {}, title), nodes.map((node) => node.element)) };
    const said = fields.some((field) => model[field.name] !== undefined);
    const body = h("details", { open: said, class: "more" }, h("summary", {}, h("h2", {}, title)), nodes.map((node) => node.element));
    const opens = (/** @type {string} */ path) => within(path, fields, place) && (body.open = true);
    return { nodes: nodes.map((node) => ({ ...node, reveal: (/** @type {string} */ path) => (opens(path), node.reveal(path)) })), element: body };
  });
  return { ...together(drawn.flatMap(({ nodes }) => nodes)), element: h("div", { class: "template-form" }, drawn.map(({ element }) => element)) };
}

/**
 * @param {string} path
 * @param {Field[]} fields
 * @param {Place} place
 */
function within(path, fields, place) {
  return fields.some((field) => covers(place.path(field.name), path));
}

/**
 * @param {string} outer
 * @param {string} path
 */
export function covers(outer, path) {
  return path === outer || path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

/** @param {Node[]} nodes */
export function together(nodes) {
  return {
    reveal: (/** @type {string} */ path) => nodes.forEach((node) => node.reveal(path)),
    find: (/** @type {string} */ path) => nodes.reduce((found, node) => found ?? node.find(path), /** @type {Found | null} */ (null)),
    clear: () => nodes.forEach((node) => node.clear()),
  };
}

/**
 * @param {Field} field
 * @param {Place} place
 * @returns {Node}
 */
export function nodeOf(field, place) {
  if (field.kind === "list") return listNode(field, place);
  if (field.kind === "group" && COUNTED.has(field.name)) return countedNode(field, place);
  return field.kind === "group" ? groupNode(field, place) : leafNode(field, place);
}

/**
 * @param {Field} field
 * @param {Place} place
 * @returns {Node}
 */
function leafNode(field, { model, path, changed }) {
  const made = control(field, model[field.name], (raw) => {
    const read = readRaw(field, raw);
    if ("problem" in read) model[field.name] = unread(structuredClone(raw));
    else if (read.value === undefined) delete model[field.name];
    else model[field.name] = read.value;
    made.refuse("");
    changed();
  });
  const found = { focus: made.focus, refuse: made.refuse, id: made.id, label: field.label };
  return {
    element: made.element,
    reveal: () => {},
    find: (asked) => (covers(path(field.name), asked) ? found : null),
    clear: () => made.refuse(""),
  };
}

/**
 * Drawn with the members of `field`; it is in the model as long as it says something, or `stays()`.
 * @param {Field} field
 * @param {Place} place
 * @param {() => boolean} stays
 */
function innerPlace(field, { model, path, changed }, stays = () => false) {
  const inner = isPlain(model[field.name]) ? model[field.name] : {};
  return {
    model: inner,
    path: (/** @type {string} */ member) => `${path(field.name)}.${member}`,
    changed: () => {
      if (Object.keys(inner).length || stays()) model[field.name] = inner;
      else delete model[field.name];
      changed();
    },
  };
}

/**
 * @param {Field} field
 * @param {Place} place
 * @returns {Node}
 */
function groupNode(field, place) {
  const inner = innerPlace(field, place);
  const nodes = (field.fields ?? []).map((one) => nodeOf(one, inner));
  const id = fresh();
  const element = h("fieldset", { id, class: "group", "aria-describedby": `${id}-help` }, h("legend", {}, field.label), h("p", { class: "help", id: `${id}-help` }, helped(field.help)), h("div", { class: "group-fields" }, nodes.map((node) => node.element)));
  return { ...together(nodes), element };
}

/**
 * @param {Field} field
 * @param {Place} place
 * @returns {Node}
 */
function countedNode(field, place) {
  const id = fresh();
  const input = h("input", { type: "checkbox", id, checked: place.model[field.name] !== undefined, "aria-describedby": `${id}-help` });
  const inner = innerPlace(field, place, () => input.checked);
  const nodes = (field.fields ?? []).map((one) => nodeOf(one, inner));
  const body = h("div", { class: "counted", hidden: !input.checked }, nodes.map((node) => node.element));
  input.addEventListener("change", () => {
    body.hidden = !input.checked;
    if (input.checked) inner.changed();
    else {
      delete place.model[field.name]; // what was typed comes back with the tick
      place.changed();
    }
  });
  const element = h("div", { class: "field" }, h("div", { class: "box" }, input, h("label", { for: id }, field.label)), h("p", { class: "help", id: `${id}-help` }, helped(field.help)), body);
  return { ...together(nodes), element };
}

/** @param {any} value */
function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
