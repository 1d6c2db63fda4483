/** The form and the YAML of one template, its draft, and the way to save it. */

import { Refusal } from "../api.js";
import { fill, h } from "../dom.js";
import { differences } from "../differences.js";
import { Drafts } from "../drafts.js";
import { readYaml, save, yamlOf } from "../editing.js";
import { sectionsOf } from "../form-fields.js";
import { asTyped, problemsIn } from "../form-values.js";
import { counted, who } from "../format.js";
import { capital, perField } from "../hinting.js";
import { compared, same, tidied } from "../merging.js";
import { living, momentOf } from "../moments.js";
import { conflict } from "./conflict.js";
import { ask, toast } from "./dialog.js";
import { difference } from "./difference.js";
import { formOf } from "./form.js";
import { field } from "./inputs.js";
import { noteField } from "./noting.js";
import { problemList } from "./problems.js";
import { when } from "./small.js";
import { entrance, refused } from "./states.js";
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
    const form = h("form", { novalidate: true, onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), void this.save()) }, this.tabs.element, h("div", { class: "save-bar actions" }, save, this.count));
    this.content = h("div", { class: "editor" }, this.kept, this.meanwhile, this.problems, this.torn, form);
    this.ends = app.catalogue.listen(() => this.heard());
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
    if (this.done || !this.dirty) return this.drafts.drop(this.what);
    this.drafts.keep(this.what, { time: new Date().toISOString(), revision: this.revision, base: this.base, mine: this.model, yaml: this.yaml });
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
    this.ends();
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
    const see = h("button", { type: "button", onclick: () => void this.meets() }, gone ? "See what can be done" : "Put together now");
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

  async save() {
    if (this.yaml !== null && !(await this.takesYaml())) return;
    if (this.onYaml) this.area.value = this.yaml ?? this.area.value;
    this.form.clear();
    fill(this.problems);
    const problems = problemsIn(this.fields, this.model);
    if (problems.length) return this.showsProblems(problems);
    const mine = tidied(this.base ? { ...this.model, name: this.base.name } : this.model);
    if (this.base && same(tidied(this.base), mine)) return toast("Nothing is changed yet");
    const note = noteField();
    /** @type {unknown} */
    let failed = null;
    const done = await ask(this.base ? "Save this?" : "Create this?", [difference(this.base, mine), note.element], {
      action: this.base ? "Save" : "Create",
      act: async () => {
        try {
          await save(this.app.api, { base: this.base, revision: this.revision, mine }, note.value());
        } catch (error) {
          if (error instanceof Refusal && [400, 404, 409, 412, 422].includes(error.status)) failed = error;
          else return this.cannot(error);
        }
      },
    });
    if (!done) return;
    if (failed instanceof Refusal) return this.wasRefused(failed);
    this.done = true;
    this.drafts.drop(this.what);
    await this.app.go(this.app.to("templates", mine.name), { replace: true });
    toast(`${mine["display-name"] || mine.name} is ${this.base ? "saved" : "there"}`);
  }

  /** @param {{ field: string, message: string }[]} problems */
  showsProblems(problems) {
    if (this.onYaml) /** @type {HTMLElement | null} */ (this.content.querySelector("#tab-0"))?.click();
    this.mend(problems);
  }

  /**
   * In the dialog, which stays: it may be tried again.
   * @param {unknown} error
   */
  cannot(error) {
    this.keep();
    if (!(error instanceof Refusal && (error.status === 401 || error.status === 403))) return [refused(error), h("p", {}, "What you typed stays here.")];
    const login = h("a", { class: "button", href: entrance(this.app) }, "Log in");
    login.addEventListener("click", () => {
      login.closest("dialog")?.close();
      this.parts(error.status === 401);
    });
    return [refused(error), h("p", {}, "What you typed stays as a draft, and is here again after you logged in. ", login)];
  }

  /**
   * To log in: that asks nothing, since the draft is kept.
   * @param {boolean} unknown the token is known no more
   */
  parts(unknown) {
    this.keep();
    this.done = true;
    if (unknown) Object.assign(this.app, { holder: null }).api.token = "";
  }

  /** @param {Refusal} error */
  wasRefused(error) {
    if (this.base && (error.status === 412 || error.status === 404)) return this.meets();
    if (error.status === 409) return this.showsProblems([{ field: "name", message: "There is one of this name already." }]);
    if (error.hints.length) return this.showsProblems(perField(error));
    fill(this.problems, refused(error));
  }

  /** What others made of it, and what I made of it. */
  async meets() {
    if (!this.base) return;
    try {
      if (this.yaml !== null && !(await this.takesYaml())) return;
      const { change } = await momentOf(this.app.api, this.base.name);
      const theirs = living(change);
      fill(this.meanwhile);
      if (!change || !theirs) return this.goneMeanwhile(change);
      const [now, mine] = [tidied(theirs), tidied({ ...this.model, name: this.base.name })];
      const lead = [change.by ? who(change.by) : "Somebody", " changed it ", when(change.time), ` (revision ${change.revision}).`];
      const shown = conflict(compared(tidied(this.base), now, mine), now, lead, (together) => this.goesOn(now, change.revision, together));
      fill(this.torn, shown.element);
      shown.heading.focus();
    } catch (error) {
      fill(this.problems, refused(error));
    }
  }

  /**
   * @param {Model} base
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
    void this.save();
  }

  /** @param {import("../types.js").Change | null} change */
  goneMeanwhile(change) {
    const again = () => {
      this.model = { ...this.model, name: String(this.base?.name) };
      this.base = null;
      this.revision = 0;
      fill(this.torn);
      this.tell();
      void this.save();
    };
    const heading = h("h2", { tabindex: -1 }, "It was deleted meanwhile");
    const history = h("a", { href: this.app.to("templates", String(this.base?.name), "history") }, "Its history");
    fill(this.torn, h("section", { class: "conflict" }, heading, h("p", {}, change?.by ? `${who(change.by)} deleted it. ` : "", "What you typed stays here."), h("p", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: again }, "Create it again, as typed…"), history)));
    heading.focus();
  }
}
