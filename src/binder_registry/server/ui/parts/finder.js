/** A list of environments with a field to search, an order, and its labels to choose; what is chosen stands in the address. */

import { announce, fill, h } from "../dom.js";
import { counted } from "../format.js";
import { facets, found, ordered, ORDERS, reordered } from "../searching.js";
import { said } from "../telling.js";
import { empty } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../searching.js").Row} Row */
/** @typedef {import("../searching.js").Order} Order */
/**
 * @typedef {Object} Source
 * @property {() => Map<string, Template>} templates
 * @property {(row: Row) => HTMLElement} row
 * @property {string[]} heads
 * @property {HTMLElement[]} elsewhere
 * @property {() => HTMLElement} none where there is not one
 */

const STEP = 100; // rows that are drawn at once
const SEEN = 20; // of them, that are drawn with a key; the others once no other key follows
const FOLLOWS_MS = 150;
const REST_MS = 400; // between two drawings of what others change
const SAY_MS = 1_500; // between two sentences about it
const SETTLED_MS = 700; // after a key, until the count is said
const NOTE_MS = 300; // after a key, until the address says it: browsers refuse a hundred notes in half a minute
const MOST_VALUES = 8; // of one label, and
const MOST_KEYS = 12; // labels, while none of them is chosen

export class Finder {
  /**
   * @param {App} app
   * @param {URLSearchParams} query
   * @param {Source} source
   */
  constructor(app, query, source) {
    this.app = app;
    this.query = query;
    this.source = source;
    this.most = STEP;
    /** @type {Row[]} */
    this.all = ordered(source.templates().values(), this.asked);
    /** @type {Set<string> | null} whose templates are others since; null: perhaps all */
    this.stale = new Set();
    /** @type {Change[]} that are still to be said */
    this.unsaid = [];
    /** @type {Map<string, { row: Row, element: HTMLElement }>} */
    this.drawn = new Map();
    this.timers = { draw: 0, rest: 0, say: 0, count: 0, note: 0 };
    this.search = h("input", { type: "search", id: "search", value: query.get("q") ?? "", autocomplete: "off", spellcheck: "false", maxlength: 200, oninput: () => this.typed(), onblur: () => this.noteNow() });
    this.order = h("select", { id: "order", onchange: () => this.typed() }, Object.entries(ORDERS).map(([value, text]) => h("option", { value, selected: value === this.asked }, text)));
    this.count = h("p", { class: "count quiet" });
    this.labels = h("div", { class: "facets" });
    const open = matchMedia("(min-width: 62rem)").matches || query.has("label");
    this.facets = h("details", { class: "labels", open }, h("summary", {}, "Labels"), this.labels);
    this.list = h("ul", { class: "catalogue", role: "list" });
    this.more = h("button", { type: "button", onclick: () => this.showMore() });
    this.nothing = h("div");
    this.heads = h("div", { class: "heads", "aria-hidden": "true" }, source.heads.map((text) => h("span", {}, text)));
    this.content = h(
      "div",
      { class: "finder" },
      h("search", { class: "narrow" }, this.controls(), this.facets),
      h("section", { "aria-label": "What was found" }, this.count, this.heads, this.list, this.nothing, h("p", {}, this.more)),
    );
    this.draw();
  }

  controls() {
    return [
      h("div", { class: "field" }, h("label", { for: "search" }, "Search"), this.search),
      h("div", { class: "field" }, h("label", { for: "order" }, "Order"), this.order),
      h("p", { class: "elsewhere" }, this.source.elsewhere),
    ];
  }

  /** @returns {Order} */
  get asked() {
    const order = this.query.get("sort") ?? "form";
    return Object.hasOwn(ORDERS, order) ? /** @type {Order} */ (order) : "form";
  }

  typed() {
    const before = this.asked;
    this.choice({ q: this.search.value.trim() ? [this.search.value.trim()] : [], sort: this.order.value === "form" ? [] : [this.order.value] });
    clearTimeout(this.timers.note);
    this.timers.note = window.setTimeout(() => this.noteNow(), NOTE_MS);
    if (this.asked !== before) this.stale = null;
    this.most = STEP;
    this.draw(SEEN);
    clearTimeout(this.timers.rest);
    this.timers.rest = window.setTimeout(() => this.draw(), FOLLOWS_MS);
    clearTimeout(this.timers.count);
    this.timers.count = window.setTimeout(() => announce(this.count.textContent ?? ""), SETTLED_MS);
  }

  /** What was typed last, before a link is followed. */
  noteNow() {
    if (this.timers.note) this.app.note(this.query);
    clearTimeout(this.timers.note);
    this.timers.note = 0;
  }

  /**
   * @param {string} label
   * @param {boolean} chosen
   */
  choose(label, chosen) {
    const labels = this.query.getAll("label").filter((one) => one !== label);
    this.choice({ label: chosen ? [...labels, label] : labels });
    this.app.note(this.query);
    this.most = STEP;
    this.draw();
    announce(this.count.textContent ?? "");
  }

  /** @param {Record<string, string[]>} chosen values of parameters of the address */
  choice(chosen) {
    for (const [parameter, values] of Object.entries(chosen)) {
      if (this.query.getAll(parameter).join("\n") === values.join("\n")) continue;
      this.query.delete(parameter);
      for (const value of values) this.query.append(parameter, value);
    }
  }

  showAll() {
    this.search.value = "";
    this.choice({ q: [], label: [] });
    this.app.note(this.query);
    this.draw();
    this.search.focus();
  }

  showMore() {
    const before = this.list.children.length;
    this.most += STEP;
    this.draw();
    focusIn(this.list.children[before]);
  }

  /** @param {Change[]} changes by anybody; none: perhaps all is another */
  heard(changes) {
    if (!changes.length) this.stale = null;
    for (const change of changes) this.stale?.add(change.name);
    this.unsaid.push(...changes);
    this.timers.draw ||= window.setTimeout(() => ((this.timers.draw = 0), this.draw()), REST_MS);
    if (changes.length) this.timers.say ||= window.setTimeout(() => ((this.timers.say = 0), announce(said(this.unsaid.splice(0)))), SAY_MS);
  }

  /** @param {number} [most] rows; the others follow at once */
  draw(most = this.most) {
    const labels = this.query.getAll("label");
    const templates = this.source.templates();
    if (!this.stale) this.all = ordered(templates.values(), this.asked);
    else if (this.stale.size) this.all = reordered(this.all, templates, this.stale, this.asked);
    this.stale = new Set();
    const rows = found(this.all, this.search.value, labels);
    const some = rows.length < this.all.length;
    this.count.textContent = some ? `${rows.length.toLocaleString("en")} of ${counted(this.all.length, "environment")}` : counted(rows.length, "environment");
    this.drawRows(rows.slice(0, most));
    this.more.hidden = rows.length <= this.most;
    this.more.textContent = `Show ${Math.min(STEP, rows.length - this.most)} more of ${rows.length.toLocaleString("en")}`;
    this.heads.hidden = !rows.length;
    fill(this.nothing, rows.length ? null : this.none());
    this.drawFacets(rows, labels);
  }

  none() {
    return this.all.length ? empty("Nothing is like that.", h("button", { type: "button", onclick: () => this.showAll() }, "Show all")) : this.source.none();
  }

  /**
   * What is the same stays the same element, so that focus and place are kept.
   * @param {Row[]} rows
   */
  drawRows(rows) {
    const focused = this.list.contains(document.activeElement) ? document.activeElement?.closest("li") : null;
    const [name, place] = focused ? [focused.dataset.name ?? "", [...this.list.children].indexOf(focused)] : ["", -1];
    const drawn = new Map();
    let at = this.list.firstElementChild;
    for (const row of rows) {
      const before = this.drawn.get(row.template.name);
      const element = before?.row === row ? before.element : this.source.row(row);
      element.dataset.name = row.template.name;
      drawn.set(row.template.name, { row, element });
      if (before && before.element !== element) {
        if (at === before.element) at = at.nextElementSibling;
        before.element.remove();
      }
      if (element === at) at = at.nextElementSibling;
      else this.list.insertBefore(element, at);
    }
    for (const [gone, { element }] of this.drawn) if (!drawn.has(gone)) element.remove();
    this.drawn = drawn;
    if (focused && !this.list.contains(document.activeElement)) focusIn(drawn.get(name)?.element ?? this.list.children[Math.min(place, rows.length - 1)]);
  }

  /**
   * @param {Row[]} rows
   * @param {string[]} chosen
   */
  drawFacets(rows, chosen) {
    const focused = document.activeElement?.closest("[data-label]")?.getAttribute("data-label");
    const all = facets(rows, chosen);
    const isChosen = (/** @type {{ label: string }} */ one) => chosen.includes(one.label);
    const keys = all.filter(({ values }, at) => at < MOST_KEYS || values.some(isChosen));
    const groups = keys.map(({ key, values }) => {
      const shown = values.filter((one, at) => at < MOST_VALUES || isChosen(one));
      const boxes = shown.map(({ label, value, count }) =>
        h(
          "label",
          { class: "facet" },
          h("input", { type: "checkbox", checked: chosen.includes(label), "data-label": label, onchange: (/** @type {any} */ event) => this.choose(label, event.target.checked) }),
          h("span", { dir: "auto" }, value || "(empty)"),
          h("span", { class: "quiet" }, count.toLocaleString("en")),
        ),
      );
      return h("fieldset", {}, h("legend", { dir: "auto" }, key), boxes, rest(values.length - shown.length));
    });
    fill(this.labels, groups, rest(all.length - keys.length));
    this.facets.hidden = !all.length;
    if (focused) /** @type {HTMLElement | null} */ (this.labels.querySelector(`[data-label="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
  }

  close() {
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.timers.note = 0;
  }
}

/** @param {number} count of what is not drawn */
function rest(count) {
  return count > 0 ? h("p", { class: "quiet" }, `and ${counted(count, "other")}, which the search finds`) : null;
}

/** @param {Element | undefined} row */
function focusIn(row) {
  /** @type {HTMLElement | null | undefined} */ (row?.querySelector("a"))?.focus({ preventScroll: true });
}
