/** The form and the YAML of one template, its draft, and the way to save it. */

import { fill, h } from "../dom.js";
import { differences } from "../differences.js";
import { Drafts } from "../drafts.js";
import { readYaml, yamlOf } from "../editing.js";
import { sectionsOf } from "../form-fields.js";
import { asTyped } from "../form-values.js";
import { counted, who } from "../format.js";
import { capital } from "../hinting.js";
import { same, tidied } from "../merging.js";
import { formOf } from "./form.js";
import { field } from "./inputs.js";
import { meets } from "./meeting.js";
import { problemList } from "./problems.js";
import { when } from "./small.js";
import { saves } from "./saving.js";
import { refused } from "./states.js";
import { tabs } from "./tabs.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../form-fields.js").Field} Field */
/** @typedef {Record<string, any>} Model */
/** @typedef {{ what: string, base: Model | null, revision: number, copied?: Model | null }} Start */

const PAUSE_MS = 200; // after the last key before the draft is kept

export class Editor {
  /**
   * @param {App} app
   * @param {Field[]} fields
   * @param {Start} start
   */
  constructor(app, fields, { what, base, revision, copied }) {
    this.app = app;
    this.what = what;
    this.fields = base ? fields.filter((one) => one.name !== "name") : fields; // it never changes
    this.newest = revision; // as far as is known
    this.drafts = new Drafts(app.base);
    const draft = this.drafts.read(what);
    this.base = draft ? draft.base : base;
    this.revision = draft ? draft.revision : revision;
    this.start = copied ?? {};
    /** @type {Model} */
    this.model = draft ? draft.mine : structuredClone(base ?? this.start);
    /** @type {string | null} where it was typed, and not read yet */
    this.yaml = draft?.yaml ?? null;
    this.done = false;
    this.keeps = draft !== null;
    this.turn = 0;
    this.timer = 0;
    this.onYaml = false;
    this.kept = h("div", { class: "notices" }, draft && this.drafted(draft));
    this.meanwhile = h("div", { class: "notices", role: "status" });
    this.problems = h("div");
    this.torn = h("div");
    this.count = h("span", { class: "quiet" });
    this.form = this.drawn();
    this.area = h("textarea", { id: "yaml", class: "mono", rows: 24, spellcheck: "false", autocomplete: "off", dir: "ltr", oninput: () => this.typedYaml() });
    this.text = field("YAML", this.area, "The same as the form; the server reads and writes it.");
    this.panel = h("div");
    this.tabs = tabs("Ways to write it", [["Form", (panel) => this.showForm(panel)], ["YAML", (panel) => this.showYaml(panel)]]);
    const save = h("button", { class: "primary" }, "Save…");
    const form = h("form", { novalidate: true, onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), void saves(this)) }, this.tabs.element, h("div", { class: "save-bar actions" }, save, this.count));
    this.content = h("div", { class: "editor" }, this.kept, this.meanwhile, this.problems, this.torn, form);
    this.deaf = app.catalogue.listen(() => this.heard());
    app.catalogue.load().catch(() => {});
    this.hidden = () => this.keep();
    addEventListener("pagehide", this.hidden);
    this.tell();
    if (this.newest > this.revision) this.heardOf(null);
  }

  drawn() {
    return formOf(sectionsOf(this.fields), this.model, () => this.changed());
  }

  get dirty() {
    return this.yaml !== null || !same(tidied(this.base ?? this.start), tidied(this.model));
  }

  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PAUSE_MS);
  }

  tell() {
    this.keep();
    const rows = differences(this.base ?? {}, tidied(asTyped(this.model)));
    this.count.textContent = this.yaml !== null ? "The YAML is not read yet" : this.dirty ? `${counted(rows.length, "member")} ${this.base ? (rows.length === 1 ? "differs" : "differ") : "so far"}` : "Nothing is changed yet";
  }

  /** What is typed stays in this browser. */
  keep() {
    clearTimeout(this.timer);
    if (this.done) return;
    if (this.dirty) this.keeps = this.drafts.keep(this.what, { time: new Date().toISOString(), revision: this.revision, base: this.base, mine: this.model, yaml: this.yaml });
    else if (this.keeps) this.drafts.drop(this.what); // and not one of another tab
  }

  leave() {
    if (this.done || !this.dirty) return "";
    this.keep();
    return "What you typed is not saved. It stays as a draft in this browser.";
  }

  close() {
    if (!this.done) this.keep();
    clearTimeout(this.timer);
    removeEventListener("pagehide", this.hidden);
    this.deaf();
  }

  /** @param {import("../drafts.js").Draft} draft */
  drafted({ time, revision }) {
    const discard = () => {
      this.done = true;
      this.drafts.drop(this.what);
      void this.app.show();
    };
    return h("div", { class: "banner" }, "Your draft of ", when(time), revision ? `, based on revision ${revision}` : "", ". ", h("span", { class: "ways" }, h("button", { type: "button", onclick: discard }, "Discard the draft")));
  }

  heard() {
    if (!this.base) return;
    const change = this.app.catalogue.newest.get(this.base.name);
    if (!change || this.done || change.revision <= Math.max(this.revision, this.newest)) return;
    this.newest = change.revision;
    this.heardOf(change);
  }

  /** @param {import("../types.js").Change | null} change */
  heardOf(change) {
    const by = change?.by ? who(change.by) : "Somebody";
    const gone = change?.action === "deleted";
    const see = h("button", { type: "button", onclick: () => void meets(this) }, gone ? "See what can be done" : "Put together now");
    fill(this.meanwhile, h("div", { class: "banner warn" }, `${by} ${gone ? "deleted" : "changed"} it meanwhile. What you typed stays. `, h("span", { class: "ways" }, see)));
  }

  /** @param {HTMLElement} panel */
  async showForm(panel) {
    this.onYaml = false;
    const turn = ++this.turn;
    if (this.yaml !== null && !(await this.takesYaml())) {
      if (turn === this.turn) fill(panel, h("p", { class: "state" }, "The YAML has to be mended first: it stands under “YAML” as you typed it."), h("p", {}, h("button", { type: "button", onclick: () => this.dropsYaml() }, "Drop what was typed there")));
      return;
    }
    if (turn === this.turn) fill(panel, this.form.element);
  }

  dropsYaml() {
    this.yaml = null;
    fill(this.problems);
    this.tell();
    this.tabs.again();
  }

  /** @param {HTMLElement} panel */
  async showYaml(panel) {
    this.onYaml = true;
    const turn = ++this.turn;
    try {
      const text = this.yaml ?? (await yamlOf(this.app.api, this.base ? { ...this.model, name: this.base.name } : this.model));
      if (turn !== this.turn) return;
      this.area.value = text;
      this.text.refuse("");
      fill(panel, this.text.element);
    } catch (error) {
      if (turn === this.turn) fill(panel, refused(error));
    }
  }

  typedYaml() {
    this.yaml = this.area.value;
    this.changed();
  }

  /** @returns {Promise<boolean>} whether the form has what the YAML says */
  async takesYaml() {
    const text = String(this.yaml);
    try {
      const { model, problems } = await readYaml(this.app.api, text);
      if (this.yaml !== text) return false; // it is being typed on
      const renamed = model && this.base && model.name !== this.base.name;
      if (!model || renamed) {
        const said = renamed ? [{ field: "", message: `The name stays “${this.base?.name}”: a copy is another template.` }] : problems;
        this.text.refuse(said.map((one) => capital(one.message)).join(" "));
        this.mend(said);
        return false;
      }
      this.model = model;
      this.yaml = null;
      this.form = this.drawn();
      this.tell();
      fill(this.problems);
      if (problems.length) this.mend(problems.map((one) => ({ ...one, message: capital(one.message) })), false);
      return true;
    } catch (error) {
      fill(this.problems, refused(error));
      return false;
    }
  }

  /**
   * @param {{ field: string, message: string, line?: number }[]} problems
   * @param {boolean} [focus]
   */
  mend(problems, focus = true) {
    this.form.clear();
    const places = problems.map((problem) => {
      if (!problem.field) return problem.line ? { id: "yaml", label: "YAML", focus: () => this.marks(problem.line ?? 1) } : null;
      this.form.reveal(problem.field);
      const found = this.form.find(problem.field);
      found?.refuse(problem.message);
      return found;
    });
    const list = problemList(problems, (problem) => places[problems.indexOf(problem)]);
    fill(this.problems, list);
    if (focus) list.focus();
  }

  /** @param {number} line */
  marks(line) {
    const lines = this.area.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  }

  /** @returns {Promise<boolean>} whether all that was typed is in the model */
  async ready() {
    return this.yaml === null || this.takesYaml();
  }

  /** What would be written. */
  get mine() {
    return tidied(this.base ? { ...this.model, name: this.base.name } : this.model);
  }

  /** @param {{ field: string, message: string }[]} problems */
  showsProblems(problems) {
    if (this.onYaml) /** @type {HTMLElement | null} */ (this.content.querySelector("#tab-0"))?.click();
    this.mend(problems);
  }

  /**
   * On another base.
   * @param {Model | null} base null: it is a new one
   * @param {number} revision
   * @param {Model} model
   */
  goesOn(base, revision, model) {
    this.base = base;
    this.revision = this.newest = revision;
    this.model = model;
    this.form = this.drawn();
    fill(this.torn);
    this.tabs.again();
    this.tell();
    void saves(this);
  }

  /** It is written, or given to the draft: nobody is asked. */
  ends() {
    this.done = true;
    clearTimeout(this.timer);
  }
}
