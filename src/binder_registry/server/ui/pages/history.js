/** What became of one template: who, when, why, by which build; and what of it can be compared, and brought back. */

import { announce, h } from "../dom.js";
import { counted } from "../format.js";
import { changesOf, living, numbered, revisionOf } from "../moments.js";
import { contentRevision, isContent } from "../promotions.js";
import { timelineRow } from "../parts/timeline.js";
import { empty, refused } from "../parts/states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Change} Change */

const PAGE = 50;

/** @type {import("../app.js").MakePage} */
export default async function history(app, { name }, query) {
  const before = revisionOf(query.get("before"));
  const first = await changesOf(app.api, name, { limit: PAGE, ...(before && { before }) });
  const list = new List(app, name, before === null);
  const ends = app.catalogue.listen((changes) => void list.heard(changes));
  app.catalogue.load().catch(() => undefined);
  list.add(first);
  const actions = h("a", { class: "button", href: app.to("templates", name) }, "The template");
  return { title: `History of ${name}`, content: list.content(before), actions, close: ends };
}

class List {
  /**
   * @param {App} app
   * @param {string} name
   * @param {boolean} live whether it begins with the newest change
   */
  constructor(app, name, live) {
    this.app = app;
    this.name = name;
    this.live = live;
    /** @type {Change[]} newest first */
    this.changes = [];
    this.rows = h("ol", { class: "timeline" });
    this.older = h("button", { type: "button", onclick: () => this.more() }, "Older changes");
    this.foot = h("div", { class: "foot" });
    this.compare = h("button", { class: "primary" }, "Compare the two");
  }

  /** @param {number | null} before */
  content(before) {
    const { app, name } = this;
    if (!this.changes.length) return empty(before ? `Nothing was written before revision ${before}.` : "Nothing is told of it.", h("a", { href: app.to("templates", name, "history") }, "The whole history"));
    const jump = h("input", { id: "before", name: "before", type: "number", min: 1, value: before ? String(before) : "", inputmode: "numeric" });
    const choose = h(
      "form",
      { class: "choose", onsubmit: (/** @type {SubmitEvent} */ event) => (event.preventDefault(), this.compareChosen()) },
      h("p", { class: "which", "aria-hidden": "true" }, h("span", {}, "from"), h("span", {}, "to")),
      this.rows,
      h("div", { class: "actions compare-bar" }, this.compare, h("span", { class: "quiet" }, "Choose an older and a newer one by the two buttons beside each.")),
    );
    const find = h(
      "form",
      { class: "actions jump", onsubmit: (/** @type {SubmitEvent} */ event) => (event.preventDefault(), jump.value && app.go(`${app.to("templates", name, "history")}?before=${jump.value}`)) },
      h("label", { for: jump.id }, "Before revision"),
      jump,
      h("button", {}, "Show"),
      before ? h("a", { href: app.to("templates", name, "history") }, "From the newest on") : null,
    );
    return [find, choose, this.foot];
  }

  /** @param {import("../moments.js").Page} page */
  add({ changes, more }) {
    const fresh = this.changes.length === 0;
    this.changes.push(...changes);
    this.rows.append(...changes.map((change) => this.row(change)));
    if (fresh) this.preselect();
    this.foot.replaceChildren(...(more ? [this.older] : [h("p", { class: "quiet" }, `${counted(this.changes.length, "change")} shown, down to the first.`)]));
  }

  async more() {
    this.older.disabled = true;
    const last = this.changes[this.changes.length - 1];
    try {
      const page = await changesOf(this.app.api, this.name, { limit: PAGE, before: last.revision });
      const at = this.rows.children.length;
      this.add(page);
      announce(`${counted(page.changes.length, "more change")}`);
      /** @type {HTMLElement | null | undefined} */ (this.rows.children[at]?.querySelector("a"))?.focus();
    } catch (error) {
      this.foot.replaceChildren(refused(error), this.older);
    }
    this.older.disabled = false;
  }

  /** @param {Change[]} changes */
  async heard(changes) {
    const newest = this.changes[0];
    if (!this.live || !newest || !changes.some((change) => change.name === this.name && change.revision > newest.revision)) return;
    const page = await changesOf(this.app.api, this.name, { since: newest.revision, limit: PAGE }).catch(() => null);
    if (!page || this.changes[0] !== newest) return;
    if (page.more) return void this.app.show();
    this.changes.unshift(...page.changes);
    this.rows.prepend(...page.changes.map((change) => this.row(change)));
    for (const [at, row] of [...this.rows.children].entries()) row.replaceWith(at <= page.changes.length ? this.row(this.changes[at], row) : row);
    announce(`${counted(page.changes.length, "new change")} of ${this.name}`);
  }

  /**
   * @param {Change} change
   * @param {Element} [old] the same row before: what is chosen there stays
   */
  row(change, old) {
    const row = timelineRow(this.app, change, {
      newest: this.live && change === this.changes[0],
      now: this.now,
      before: async () => this.before(change),
      lookAgain: () => void this.app.show(),
    });
    for (const name of ["from", "to"]) {
      const radio = /** @type {HTMLInputElement | null} */ (row.querySelector(`input[name=${name}]`));
      const was = /** @type {HTMLInputElement | null | undefined} */ (old?.querySelector(`input[name=${name}]`));
      if (radio && was?.checked) radio.checked = true;
    }
    return row;
  }

  /**
   * What it was before a change.
   * @param {Change} change
   * @returns {Promise<import("../types.js").Template | null>}
   */
  async before(change) {
    if (!change.previous) return null;
    const known = this.changes.find((one) => one.revision === change.previous);
    if (known) return living(known);
    const { changes } = await changesOf(this.app.api, this.name, { before: change.revision, limit: 1 });
    return living(changes[0] ?? null);
  }

  /** Which revision's content it is now; 0 where that is not known, or none's. */
  get now() {
    const [newest] = this.live ? this.changes : [];
    return newest && living(newest) ? contentRevision(numbered(newest)) : 0;
  }

  /** The newest content, and the one before it. */
  preselect() {
    const there = this.changes.filter((change) => change.template);
    const contents = there.filter(isContent);
    const [to, from] = contents.length > 1 ? contents : there;
    this.compare.disabled = !from;
    for (const [name, change] of [/** @type {const} */ (["to", to]), /** @type {const} */ (["from", from ?? to])]) {
      const radio = /** @type {HTMLInputElement | null} */ (this.rows.querySelector(`input[name=${name}][value="${change?.revision}"]`));
      if (radio) radio.checked = true;
    }
  }

  compareChosen() {
    const chosen = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (this.rows.querySelector(`input[name=${name}]:checked`))?.value ?? "";
    void this.app.go(`${this.app.to("templates", this.name, "compare")}?from=${chosen("from")}&to=${chosen("to")}`);
  }
}
