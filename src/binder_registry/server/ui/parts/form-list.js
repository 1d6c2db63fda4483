/** Things in an order, each with its own form: added, removed, moved, by keyboard as well. */

import { announce, fill, h } from "../dom.js";
import { moved } from "../form-values.js";
import { inShort } from "../settings.js";
import { fresh, helped } from "./form-field.js";
import { covers, nodeOf, together } from "./form.js";

/** @typedef {import("../form-fields.js").Field} Field */
/** @typedef {import("./form.js").Place} Place */
/** @typedef {import("./form.js").Node} Node */
/** @typedef {{ item: Record<string, any>, element: HTMLElement, details: HTMLDetailsElement, up: HTMLButtonElement, down: HTMLButtonElement, draw: () => Node[], drawn: () => Node[], retitle: () => void }} Entry */

/**
 * @param {Field} field
 * @param {Place} place
 * @returns {Node}
 */
export function listNode(field, place) {
  const one = field.label.replace(/s$/, "").toLowerCase();
  const id = fresh();
  const [list, hint, undo] = [h("ol", { class: "bare items" }), h("p", { class: "hint", id: `${id}-hint` }), h("p", { class: "undo" })];
  const add = h("button", { type: "button", onclick: () => added() }, `+ Add ${/^[aeiou]/.test(one) ? "an" : "a"} ${one}`);
  const given = place.model[field.name];
  /** @type {Entry[]} */
  let entries = (Array.isArray(given) ? given : []).filter((item) => typeof item === "object" && item !== null).map((item) => entryOf(item));
  const here = () => place.path(field.name);

  /** @param {Record<string, any>} item */
  function entryOf(item) {
    const body = h("div", { class: "item-body" });
    const title = h("span", { class: "item-title", dir: "auto" });
    /** @type {Node[]} */
    let nodes = [];
    const at = () => entries.findIndex((entry) => entry.item === item);
    const inner = { model: item, path: (/** @type {string} */ member) => `${here()}[${at()}].${member}`, changed: () => (entry.retitle(), place.changed()) };
    function draw() {
      if (!nodes.length) {
        nodes = (field.fields ?? []).map((member) => nodeOf(member, inner));
        fill(body, nodes.map((node) => node.element));
      }
      return nodes;
    }
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => h("button", { type: "button", class: "plain", onclick: act }, text);
    const up = button("↑", () => move(item, -1));
    const down = button("↓", () => move(item, 1));
    const away = button("×", () => removed(item));
    const details = h("details", { ontoggle: () => details.open && draw() }, h("summary", {}, title), body);
    /** @type {Entry} */
    const entry = { item, details, up, down, draw, drawn: () => nodes, element: h("li", {}, details, h("div", { class: "item-ways" }, up, down, away)), retitle };
    function retitle() {
      const name = nameOf(item, one);
      fill(title, h("strong", {}, name), ...saidOf(item));
      up.setAttribute("aria-label", `Move ${name} up`);
      down.setAttribute("aria-label", `Move ${name} down`);
      away.setAttribute("aria-label", `Remove ${name}`);
    }
    retitle();
    return entry;
  }

  function draw() {
    list.replaceChildren(...entries.map((entry) => entry.element));
    entries.forEach((entry, at) => {
      entry.up.disabled = at === 0;
      entry.down.disabled = at === entries.length - 1;
    });
  }

  /** @param {Entry[]} now */
  function became(now) {
    entries = now;
    if (entries.length) place.model[field.name] = entries.map((entry) => entry.item);
    else delete place.model[field.name];
    hint.textContent = "";
    draw();
    place.changed();
  }

  /**
   * @param {Record<string, any>} item
   * @param {number} way
   */
  function move(item, way) {
    const at = entries.findIndex((entry) => entry.item === item);
    const entry = entries[at];
    became(moved(entries, at, at + way));
    const [same, other] = way < 0 ? [entry.up, entry.down] : [entry.down, entry.up];
    (same.disabled ? other : same).focus(); // which went with it
    announce(`${nameOf(item, one)} is now ${entries.indexOf(entry) + 1} of ${entries.length}`);
  }

  function added() {
    const entry = entryOf({});
    became([...entries, entry]);
    open(entry);
    entry.element.querySelector("input")?.focus();
  }

  /** @param {Record<string, any>} item */
  function removed(item) {
    const at = entries.findIndex((entry) => entry.item === item);
    const entry = entries[at];
    became(entries.toSpliced(at, 1));
    const back = h("button", { type: "button", onclick: () => restored(entry, at) }, "Undo");
    fill(undo, `${nameOf(item, one)} is removed. `, back);
    back.focus();
  }

  /**
   * @param {Entry} entry
   * @param {number} at
   */
  function restored(entry, at) {
    became(entries.toSpliced(at, 0, entry));
    fill(undo);
    entry.details.querySelector("summary")?.focus();
  }

  /** @param {Entry} entry */
  function open(entry) {
    entry.details.open = true;
    entry.draw();
  }

  draw();
  const whole = { focus: () => add.focus(), refuse: (/** @type {string} */ why) => void (hint.textContent = why), id, label: field.label };
  const all = () => together(entries.flatMap((entry) => entry.drawn()));
  const nested = here().includes(".");
  const label = nested ? h("span", { class: "label", id: `${id}-label` }, field.label) : null;
  return {
    element: h("div", { class: "field list", id, role: "group", "aria-label": field.label, "aria-describedby": hint.id }, label, hint, h("p", { class: "help" }, helped(field.help)), list, undo, h("div", {}, add)),
    reveal: (path) => {
      entries.forEach((entry, at) => covers(`${here()}[${at}]`, path) && open(entry));
      all().reveal(path);
    },
    find: (path) => all().find(path) ?? (covers(here(), path) ? whole : null),
    clear: () => {
      hint.textContent = "";
      all().clear();
    },
  };
}

/**
 * @param {Record<string, any>} item
 * @param {string} one
 */
function nameOf(item, one) {
  return typeof item.name === "string" && item.name ? item.name : `new ${one}`;
}

/** @param {Record<string, any>} item @returns {import("../dom.js").Child[]} */
function saidOf(item) {
  const choices = Array.isArray(item.choices) ? item.choices.map((/** @type {any} */ choice) => choice?.name).filter(Boolean).join(", ") : "";
  const title = typeof item["display-name"] === "string" ? item["display-name"] : "";
  const said = [title, choices || setIn(item)].filter(Boolean).join(" · ");
  return [item.default === true && [" ", h("span", { class: "tag accent" }, "default")], said && h("span", { class: "quiet" }, ` ${said}`)];
}

/** @param {Record<string, any>} item */
function setIn(item) {
  try {
    return item.set ? inShort(item.set) : "";
  } catch {
    return ""; // of what is no value yet
  }
}
