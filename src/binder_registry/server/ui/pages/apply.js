/** A file of templates, or of a hub's values: planned, looked at, applied. Nothing is applied whose plan was not seen. */

import { Refusal } from "../api.js";
import { applied, planned, Problems } from "../applying.js";
import { announce, fill, h } from "../dom.js";
import { counted } from "../format.js";
import { listed } from "../hiding.js";
import { doesNothing, looksLikeHub, problemsOf, sourceOf, summary } from "../planning.js";
import { ask, toast } from "../parts/dialog.js";
import { filing } from "../parts/filing.js";
import { box, field, group } from "../parts/inputs.js";
import { noteField } from "../parts/noting.js";
import { drawnPlan } from "../parts/plan.js";
import { empty, entrance, refused } from "../parts/states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../applying.js").Plan} Plan */
/** @typedef {import("../planning.js").Problem} Problem */

const NAMED = 12; // victims that the question names; the plan names all

/** @type {import("../app.js").MakePage} */
export default function apply(app) {
  const title = "Apply a file";
  if (!app.may("write") && !app.may("promote")) {
    const way = app.holder ? "What you are logged in with does not allow it." : "Whoever applies a file has to be allowed to write.";
    return { title, content: empty(way, h("a", { class: "button", href: entrance(app) }, "Log in"), " ", h("a", { href: app.base }, "All environments")) };
  }
  const page = new Applying(app);
  return { title, content: page.content, leave: () => page.leave(), close: () => page.file.close() };
}

class Applying {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.guessed = true; // until the reader says what the file is
    this.done = false;
    this.turn = 0;
    this.file = filing(() => this.changed());
    this.ours = box({ type: "radio", name: "format", id: "format-ours", checked: true, onchange: () => this.chosen() }, "Templates");
    this.hubs = box({ type: "radio", name: "format", id: "format-z2jh", onchange: () => this.chosen() }, "The values of a hub");
    this.format = group("format", "It holds", h("div", { class: "boxes" }, this.ours.element, this.hubs.element));
    this.guess = h("p", { class: "help", role: "status" });
    this.at = field("Which list of profiles", h("input", { id: "at", type: "text", autocomplete: "off", spellcheck: "false", oninput: () => this.forget() }), ["Where the file has several: ", h("code", {}, "basehub.jupyterhub"), ", say."]);
    this.pruning = this.prunes();
    this.whole = h("p", { class: "quiet" }, "It is a whole request: it says itself what is deleted and promoted.");
    this.plan = h("button", { class: "primary" }, "Plan");
    this.result = h("section", { class: "planned" });
    const form = h(
      "form",
      { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), void this.look()) },
      this.file.element,
      h("div", { class: "row" }, this.format.element, this.pruning.element, this.whole),
      this.guess,
      this.at.element,
      h("p", { class: "actions" }, this.plan, h("span", { class: "quiet" }, "Nothing is written yet: you see first what would be done.")),
    );
    this.content = [form, this.result];
    this.changed();
  }

  prunes() {
    const radio = (/** @type {string} */ id, /** @type {string} */ title, checked = false) => box({ type: "radio", name: "prune", id, checked, onchange: () => this.forget() }, title);
    const [none, some, all] = [radio("prune-none", "stay", true), radio("prune-some", "are deleted, if their labels are"), radio("prune-all", "are deleted, all of them")];
    const label = h("input", { id: "prune-label", type: "text", "aria-label": "Labels of what is deleted", placeholder: "course=physics", autocomplete: "off", spellcheck: "false" });
    label.addEventListener("input", () => {
      some.input.checked = true;
      this.forget();
    });
    some.element.append(label);
    const anyway = box({ id: "allow-empty", onchange: () => this.forget() }, "also if the file holds no templates");
    const { element, refuse } = group("prune", "Templates that it does not name", [none.element, some.element, all.element, anyway.element]);
    const value = () => (all.input.checked ? "*" : some.input.checked ? label.value.trim() : null);
    return { element, refuse, value, label, allowEmpty: () => anyway.input.checked };
  }

  /** The text is another one. */
  changed() {
    const text = this.file.text();
    if (!text.trim()) this.guessed = true;
    if (this.guessed) (looksLikeHub(text) ? this.hubs : this.ours).input.checked = true;
    const hub = this.hubs.input.checked;
    this.guess.textContent = this.guessed && hub ? "This looks like the values of a hub; choose “Templates” where it is not." : "";
    this.done = false;
    this.show();
    this.forget();
  }

  /** The reader says what it is. */
  chosen() {
    this.guessed = false;
    this.guess.textContent = "";
    this.show();
    this.forget();
  }

  show() {
    const hub = this.hubs.input.checked;
    const whole = !hub && sourceOf(this.file.text()).whole !== null;
    this.at.element.hidden = !hub;
    this.pruning.element.hidden = whole;
    this.whole.hidden = !whole;
  }

  /** A plan that was seen is of another question. */
  forget() {
    this.turn++;
    fill(this.result);
    this.file.refuse("");
    this.pruning.refuse("");
  }

  leave() {
    return this.file.typed() && !this.done ? "The text is not applied yet. It stays here as a draft, as long as this tab is open." : "";
  }

  async look() {
    this.forget();
    const turn = this.turn;
    if (!this.file.text().trim() && this.pruning.value() === null) return this.file.refuse("There is nothing in it yet: drop a file, choose one, or paste.");
    if (this.pruning.value() === "") return this.lacksLabels();
    const { app, file, hubs, at, pruning } = this;
    this.plan.disabled = true;
    fill(this.result, h("p", { class: "late quiet", role: "status" }, "Planning…"));
    try {
      const plan = await planned(app.api, { text: file.text(), hub: hubs.input.checked, at: hubs.input.checked ? at.input.value.trim() : "", prune: pruning.value(), allowEmpty: pruning.allowEmpty() });
      if (turn === this.turn) this.showPlan(plan);
    } catch (error) {
      if (turn === this.turn) this.wrong(error);
    } finally {
      this.plan.disabled = false;
    }
  }

  lacksLabels() {
    this.pruning.refuse("Say which labels, or choose another way.");
    this.pruning.label.focus();
  }

  /**
   * @param {Plan} plan
   * @param {string} [why] it is another one
   */
  showPlan(plan, why) {
    const heading = h("h2", { tabindex: -1 }, "The plan");
    const act = h("button", { type: "button", class: "primary", onclick: () => this.apply(plan) }, "Apply");
    fill(
      this.result,
      heading,
      why && h("div", { class: "refused", role: "alert" }, h("p", {}, why)),
      drawnPlan(this.app, plan),
      doesNothing(plan.steps) ? null : h("p", { class: "actions foot" }, act, h("span", { class: "quiet" }, "All of it in one step, or nothing.")),
    );
    heading.focus();
    announce(`The plan: ${summary(plan.steps)}`);
  }

  /** @param {Plan} plan */
  async apply(plan) {
    const victims = plan.steps.filter((step) => step.action === "deleted").map((step) => step.name);
    const note = noteField();
    /** @type {Plan | null} */
    let again = null;
    const content = [h("p", {}, `${summary(plan.steps)}.`.replace(/^./, (first) => first.toUpperCase())), victims.length ? h("p", {}, h("b", {}, victims.length === 1 ? "This one is deleted: " : "These are deleted: "), h("bdi", {}, named(victims)), ". Their histories stay, and they can be restored.") : null, note.element];
    /** @type {import("../planning.js").Step[]} */
    let steps = [];
    const done = await ask(victims.length ? `Apply, and delete ${counted(victims.length, "template")}?` : "Apply?", content, {
      action: victims.length ? `Apply, and delete ${victims.length}` : "Apply",
      danger: victims.length > 0,
      act: async () => {
        try {
          const answer = await applied(this.app.api, plan, note.value());
          if ("again" in answer) again = answer.again;
          else steps = answer.done;
        } catch (error) {
          return refused(error);
        }
      },
    });
    if (!done) return;
    if (again) return this.showPlan(again, "Somebody wrote meanwhile, so that nothing was done. This is the plan as of now: look again.");
    this.file.clear();
    this.done = true;
    const heading = h("h2", { tabindex: -1 }, "Applied");
    fill(this.result, heading, drawnPlan(this.app, { ...plan, steps, lost: [] }, true));
    heading.focus();
    toast(`Applied: ${summary(steps)}`);
  }

  /** @param {unknown} error */
  wrong(error) {
    const { file, pruning } = this;
    if (!(error instanceof Problems) && !(error instanceof Refusal && error.status === 400)) return fill(this.result, refused(error));
    const problems = [...(error instanceof Problems ? error.problems : problemsOf(error))].sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
    const [first] = problems;
    if (problems.length === 1 && first.field === "prune") pruning.refuse(first.message);
    else file.refuse(`${counted(problems.length, "thing")} ${problems.length === 1 ? "is" : "are"} to mend first: see below.`);
    const heading = h("h2", { tabindex: -1 }, "It cannot be applied as it is");
    fill(this.result, heading, h("ul", { class: "steps" }, problems.map((one) => this.problem(one))));
    heading.focus();
    announce(`It cannot be applied as it is: ${counted(problems.length, "problem")}`);
  }

  /** @param {Problem} problem */
  problem({ field, message, line }) {
    const place = line && h("button", { type: "button", onclick: () => this.file.mark(line) }, `Line ${line}`);
    return h("li", {}, h("div", { class: "line" }, place, field && h("code", { dir: "auto" }, field), h("span", { dir: "auto" }, message)));
  }
}

/** @param {string[]} names */
function named(names) {
  if (names.length <= NAMED) return listed(names);
  return listed([...names.slice(0, NAMED), `${counted(names.length - NAMED, "other")}`]);
}
