/** What somebody is offered, in a hub's order, and for each of the rest the rule that hides it. */

import { Refusal } from "../api.js";
import { h } from "../dom.js";
import { counted } from "../format.js";
import { byTemplate, listed, whom } from "../hiding.js";
import { atFields } from "../hinting.js";
import { failure, empty, refused } from "../parts/states.js";
import { offeredList, hiddenList } from "../parts/seen.js";
import { viewForm } from "../parts/viewer.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../offering.js").View} View */

const PARAMETERS = ["user", "group", "channel", "label"];

/** @type {import("../app.js").MakePage} */
export default async function view(app, _parameters, query) {
  const admin = app.may("admin");
  const asked = new URLSearchParams([...query].filter(([name, value]) => PARAMETERS.includes(name) && value));
  const form = viewForm(app, asked, admin);
  const question = new URLSearchParams(asked);
  if (admin) question.set("explain", "true");
  try {
    const { body } = await app.api.ask(`/view?${question}`);
    return { title: titleOf(app, body, asked), content: [form.element, shown(app, body, admin, asked.has("label"))] };
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 400) return failure(app, error);
    const { at, elsewhere } = atFields(error, PARAMETERS);
    form.refuse(at);
    return { title: admin ? "View as" : "What may I start?", content: [form.element, elsewhere ? refused(error) : empty("There is nothing to show until that is another one.")] };
  }
}

/**
 * @param {App} app
 * @param {View} view
 * @param {URLSearchParams} asked
 */
function titleOf(app, view, asked) {
  if (asked.has("user")) return `What ${asked.get("user")} may start`;
  if (asked.has("group")) return `What members of ${listed(view.groups)} may start`;
  return app.holder && view.user !== null ? "What you may start" : "What everyone may start";
}

/**
 * @param {App} app
 * @param {View} view
 * @param {boolean} admin
 * @param {boolean} labelled only what has some labels was asked for
 */
function shown(app, view, admin, labelled) {
  const hidden = byTemplate(view.hidden ?? [], view.offered.map((one) => one.name));
  const whole = hidden.filter((one) => one.whole).length;
  const offered = h(
    "section",
    {},
    h("h2", {}, `Offered: ${counted(view.offered.length, "template")}`),
    view.offered.length ? offeredList(app, view.offered) : empty("Nothing.", h("a", { href: app.base }, "All environments")),
  );
  const rest = admin && h("section", {}, h("h2", {}, whole ? `Hidden: ${counted(whole, "template")}` : "Hidden"), hidden.length ? hiddenList(app, hidden) : empty(labelled ? "Nothing with these labels." : "Nothing: all that there is is offered."));
  return [h("p", { class: "lede" }, sentence(view, whole, hidden.length - whole, admin, labelled)), partly(view), h("div", { class: admin ? "columns seen" : "seen" }, offered, rest)];
}

/**
 * @param {View} view
 * @param {number} whole
 * @param {number} partly
 * @param {boolean} admin
 * @param {boolean} labelled
 */
function sentence(view, whole, partly, admin, labelled) {
  const who = h("bdi", {}, whom(view));
  const many = counted(view.offered.length, "template");
  if (!admin) return [capitalised(view) ?? who, ` may start ${many}, in the order of a hub’s form.`];
  const rest = [whole ? `${counted(whole, "other")} ${whole === 1 ? "is" : "are"} hidden` : labelled ? "nothing else has these labels" : "nothing else is there", partly && `${partly} ${partly === 1 ? "is" : "are"} offered in part`].filter(Boolean).join(", and ");
  return [capitalised(view) ?? who, ` may start ${many}, in the order of a hub’s form; ${rest}.`];
}

/** @param {View} view */
function capitalised(view) {
  return view.user === null ? (view.groups.length ? ["Somebody ", h("bdi", {}, whom(view))] : "Everyone") : null;
}

/** @param {View} view */
function partly(view) {
  if (view["groups-from"] !== "hub only") return null;
  return h("p", { class: "said-so" }, h("span", { class: "tag warn" }, "Hub only"), " This hub takes groups from where the registry does not see them: on its form there may be more than here. What it does with a start, it decides alone.");
}
