/** A plan, drawn: template by template, with what differs for who asks. */

import { path } from "../api.js";
import { fill, h } from "../dom.js";
import { counted } from "../format.js";
import { byAction, doesNothing, filledIn, summary } from "../planning.js";
import { difference } from "./difference.js";
import { many } from "./many.js";
import { refused } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../planning.js").Step} Step */
/** @typedef {import("../planning.js").Lost} Lost */
/** @typedef {import("../applying.js").Plan} Plan */

const MEMBERS = 6; // of an update, named in its row
const KINDS = /** @type {Record<string, string>} */ ({ deleted: "bad", updated: "accent", created: "accent", promoted: "accent", restored: "accent" });
const SIGNS = /** @type {Record<string, string>} */ ({ deleted: "−", updated: "~", created: "+", promoted: "→", restored: "+", unchanged: "=" });

/**
 * @param {App} app
 * @param {Plan} plan
 * @param {boolean} [done] whether it happened
 * @returns {import("../dom.js").Child}
 */
export function drawnPlan(app, plan, done = false) {
  const { steps, lost } = plan;
  const nothing = doesNothing(steps) && !done;
  return [
    h("p", { class: "lede" }, nothing ? (steps.length ? `Nothing would change: ${counted(steps.length, "template")} ${steps.length === 1 ? "is" : "are"} as the file says.` : "The file says nothing.") : `${done ? "Done" : "This would be done"}: ${summary(steps)}.`),
    lost.length ? losses(lost) : null,
    byAction(steps).map(([action, some]) => part(app, plan, action, some, done)),
  ];
}

/**
 * @param {App} app
 * @param {Plan} plan
 * @param {string} action
 * @param {Step[]} steps
 * @param {boolean} done
 */
function part(app, plan, action, steps, done) {
  const rows = () => many(steps, (step) => row(app, plan, step, done), { class: "steps", what: ["template", "templates"] });
  const title = `${action[0].toUpperCase()}${action.slice(1)}: ${steps.length.toLocaleString("en")}`;
  if (action !== "unchanged") return h("section", {}, h("h3", {}, title), rows());
  const folded = h("details", { class: "launch" }, h("summary", {}, title));
  folded.addEventListener("toggle", () => folded.open && folded.children.length === 1 && folded.append(...rows()));
  return folded;
}

/**
 * @param {App} app
 * @param {Plan} plan
 * @param {Step} step
 * @param {boolean} done
 */
function row(app, plan, step, done) {
  const kind = KINDS[step.action] ?? "";
  const sign = h("span", { class: `tag ${kind} sign`, "aria-hidden": "true" }, SIGNS[step.action] ?? "·");
  const there = done ? step.action !== "deleted" : step.action !== "created";
  const name = there ? h("a", { href: app.to("templates", step.name), dir: "auto" }, step.name) : h("b", { dir: "auto" }, step.name);
  const line = h("div", { class: "line" }, sign, name, told(step), done && step.revision && h("span", { class: "quiet" }, `revision ${step.revision}`));
  return h("li", {}, line, done || step.action === "promoted" || step.action === "unchanged" ? null : shows(app, plan, step));
}

/** @param {Step} step */
function told({ changed, promoted, reason }) {
  if (promoted) return h("span", {}, h("b", {}, promoted.channel), `: ${promoted.from ? `from revision ${promoted.from}` : "it is new"} to ${promoted.to ? `revision ${promoted.to}` : "what is written now"}`);
  if (reason) return h("span", { class: "quiet" }, reason);
  const left = changed.length - MEMBERS;
  return [changed.slice(0, MEMBERS).map((member) => h("code", { class: "tag" }, member)), left > 0 && h("span", { class: "quiet" }, `and ${counted(left, "other member")}`)];
}

/**
 * What differs, asked as of the plan's own position when it is opened.
 * @param {App} app
 * @param {Plan} plan
 * @param {Step} step
 */
function shows(app, plan, step) {
  const what = step.action === "updated" ? "What differs" : step.action === "deleted" ? "What is deleted" : "What it will be";
  const content = h("div");
  const details = h("details", { class: "launch" }, h("summary", {}, what, h("span", { class: "unseen" }, ` of ${step.name}`)), content);
  details.addEventListener("toggle", async () => {
    if (!details.open || content.hasChildNodes()) return;
    try {
      const before = step.action === "created" ? null : await asOf(app, plan, step.name);
      const after = step.action === "deleted" ? null : (plan.templates.get(step.name) ?? null);
      const shown = difference(filledIn(before), filledIn(after), { before: "Now", after: "Then" });
      if (shown.hasAttribute("aria-label")) shown.setAttribute("aria-label", `${what} of ${step.name}`);
      fill(content, shown);
    } catch (error) {
      fill(content, refused(error));
    }
  });
  return details;
}

/**
 * @param {App} app
 * @param {Plan} plan
 * @param {string} name
 */
async function asOf(app, plan, name) {
  const revision = plan.position.replace(/\D*(\d+).*/, "$1");
  return (await app.api.ask(`${path("templates", name)}?revision=${revision}`)).body;
}

/** @param {Lost[]} lost */
function losses(lost) {
  const out = lost.filter((one) => one["left-out"]);
  const title = `Lost, or to look at: ${lost.length.toLocaleString("en")}`;
  return h(
    "section",
    {},
    h("h3", {}, title),
    h("p", {}, "No template says this as the hub’s list does: each line tells what becomes of it.", out.length ? ` ${counted(out.length, "profile")} ${out.length === 1 ? "is" : "are"} left out altogether.` : ""),
    many(lost, (one) => h("li", {}, h("div", { class: "line" }, h("span", { class: `tag ${one["left-out"] ? "bad" : "warn"}` }, one["left-out"] ? "left out" : "note"), h("b", { dir: "auto" }, one.name), one.path && h("code", {}, one.path), h("span", { dir: "auto" }, one.problem))), { class: "steps", what: ["thing", "things"] }),
  );
}
