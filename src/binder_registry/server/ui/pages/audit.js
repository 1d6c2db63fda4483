/** Who did what: the log of the registry, a page at a time, live at its newest end. */

import { announce, fill, h } from "../dom.js";
import { counted, who } from "../format.js";
import { auditRow } from "../parts/audit_row.js";
import { empty } from "../parts/states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Change} Change */

const PAGE = 100;
const MOST = 300; // rows that stand there at once: what comes live pushes the oldest out
const SAY_MS = 2_000;

/** @type {import("../app.js").MakePage} */
export default async function audit(app, _parameters, query) {
  const asked = new URLSearchParams({ order: "newest", limit: String(PAGE) });
  for (const parameter of ["before", "name"]) {
    const value = query.get(parameter);
    if (value) asked.set(parameter, value);
  }
  const { body, headers } = await app.api.ask(`/changes?${asked}`);
  const log = new Log(app, query, body.changes, headers.has("link"));
  const ends = log.live ? app.catalogue.listen((changes) => log.heard(changes)) : () => undefined;
  app.catalogue.load().catch(() => undefined);
  return { title: "Who did what", content: log.content, close: () => (ends(), clearTimeout(log.saying)) };
}

class Log {
  /**
   * @param {App} app
   * @param {URLSearchParams} query
   * @param {Change[]} changes newest first
   * @param {boolean} more whether there are older ones
   */
  constructor(app, query, changes, more) {
    this.app = app;
    this.query = query;
    this.changes = changes;
    this.more = more;
    this.live = !query.get("before");
    /** @type {Change[]} that came since, newest first */
    this.newer = [];
    this.missed = false;
    this.saying = 0;
    this.unsaid = "";
    this.rows = h("ol", { class: "audit" });
    this.nothing = h("div");
    this.count = h("p", { class: "quiet" });
    this.foot = h("p", { class: "turning" });
    this.come = h("button", { type: "button", class: "primary", hidden: true, onclick: () => this.takeNewer() });
    this.by = h("select", { id: "by", onchange: () => this.sift() });
    this.action = h("select", { id: "action", onchange: () => this.sift() });
    this.content = [this.form(), h("p", { class: "newer" }, this.come), this.count, this.rows, this.nothing, this.foot];
    this.draw();
  }

  form() {
    const name = h("input", { id: "name", type: "search", value: this.query.get("name") ?? "", autocomplete: "off", spellcheck: "false" });
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      void this.app.go(this.address({ name: name.value.trim(), before: "" }));
    };
    const field = (/** @type {HTMLElement} */ control, /** @type {string} */ text) => h("div", { class: "field" }, h("label", { for: control.id }, text), control);
    return h("form", { class: "sifted", onsubmit: submit }, field(name, "Environment’s name"), h("p", { class: "actions" }, h("button", {}, "Show")), field(this.by, "By"), field(this.action, "What was done"));
  }

  /** @param {Record<string, string>} other parameters; empty ones go */
  address(other) {
    const query = new URLSearchParams(this.query);
    for (const [parameter, value] of Object.entries(other)) {
      if (value) query.set(parameter, value);
      else query.delete(parameter);
    }
    const text = query.toString();
    return this.app.to("audit") + (text && `?${text}`);
  }

  sift() {
    for (const [parameter, { value }] of /** @type {[string, HTMLSelectElement][]} */ ([["by", this.by], ["action", this.action]])) {
      if (value) this.query.set(parameter, value);
      else this.query.delete(parameter);
    }
    this.app.note(this.query);
    this.draw();
    announce(this.count.textContent ?? "");
  }

  draw() {
    choices(this.by, "Anybody", this.changes.map((change) => change.by ?? ""), this.query.get("by") ?? "", who);
    choices(this.action, "Anything", this.changes.map((change) => change.action), this.query.get("action") ?? "", (action) => action);
    const [by, action] = [this.by.value, this.action.value];
    const shown = this.changes.filter((change) => (!by || change.by === by) && (!action || change.action === action));
    this.by.disabled = !this.app.holder;
    this.count.textContent = `${by || action ? `${shown.length.toLocaleString("en")} of the ${counted(this.changes.length, "change")} on this page` : counted(shown.length, "change")}${this.app.holder ? "" : ". Who did it is told to those who log in."}`;
    const known = new Map([.../** @type {NodeListOf<HTMLElement>} */ (this.rows.querySelectorAll(":scope > li"))].map((row) => [Number(row.dataset.revision), row]));
    const rows = shown.map((change) => known.get(change.revision) ?? auditRow(this.app, change));
    const kept = new Set(rows);
    for (const row of known.values()) if (!kept.has(row)) row.remove();
    let at = this.rows.firstElementChild;
    for (const row of rows) {
      if (row === at) at = at.nextElementSibling;
      else this.rows.insertBefore(row, at);
    }
    fill(this.nothing, shown.length ? null : empty("There is no such change here."));
    const last = this.changes[this.changes.length - 1];
    fill(
      this.foot,
      this.live ? null : h("a", { class: "button", href: this.address({ before: "" }) }, "Newest"),
      this.more && last ? h("a", { class: "button", href: this.address({ before: String(last.revision) }) }, "Older") : h("span", { class: "quiet" }, "That is all, down to the first."),
    );
  }

  /** @param {Change[]} changes by anybody, oldest first; none: some may have been missed */
  heard(changes) {
    const name = this.query.get("name");
    const head = Math.max(this.newer[0]?.revision ?? 0, this.changes[0]?.revision ?? 0);
    const fresh = changes.filter((change) => change.revision > head && (!name || change.name === name)).reverse();
    if (!fresh.length) return;
    this.newer.unshift(...fresh.slice(0, MOST));
    this.missed ||= this.newer.length > MOST || fresh.length > MOST;
    this.newer.length = Math.min(this.newer.length, MOST);
    const reads = scrollY > 80 || this.rows.contains(document.activeElement);
    if (!reads) return this.takeNewer();
    this.come.hidden = false;
    this.come.textContent = this.missed ? `Show more than ${MOST} newer changes` : `Show ${counted(this.newer.length, "newer change")}`;
    this.say(this.come.textContent);
  }

  takeNewer() {
    const pressed = document.activeElement === this.come;
    const count = this.newer.length;
    if (this.missed) return void this.app.show();
    this.changes.unshift(...this.newer.splice(0));
    if (this.changes.length > MOST) [this.changes.length, this.more] = [MOST, true];
    this.come.hidden = true;
    this.draw();
    this.say(`${counted(count, "new change")}`);
    if (!pressed) return;
    scrollTo({ top: 0 });
    /** @type {HTMLElement | null} */ (this.rows.querySelector("a"))?.focus({ preventScroll: true });
  }

  /** @param {string} sentence at most one in some seconds */
  say(sentence) {
    this.unsaid = sentence;
    this.saying ||= window.setTimeout(() => ((this.saying = 0), announce(this.unsaid)), SAY_MS);
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {string} all
 * @param {string[]} values
 * @param {string} chosen
 * @param {(value: string) => string} written
 */
function choices(select, all, values, chosen, written) {
  const several = [...new Set([...values, chosen])].filter(Boolean).sort();
  if (select.dataset.values === String(several) && select.value === chosen) return;
  select.dataset.values = String(several);
  fill(select, h("option", { value: "" }, all), several.map((value) => h("option", { value, selected: value === chosen }, written(value))));
}
