/** One change of a template's history: who, when, why, what of it. */

import { h } from "../dom.js";
import { counted, moment, who } from "../format.js";
import { isDeleted, living, momentOf } from "../moments.js";
import { isContent } from "../promotions.js";
import { toast } from "./dialog.js";
import { difference } from "./difference.js";
import { tries } from "./noting.js";
import { promote } from "./promoting.js";
import { restore } from "./restoring.js";
import { note, when } from "./small.js";
import { refused } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../types.js").Template} Template */

const FEW = 8; // members that are named at once
const KINDS = /** @type {Record<string, string>} */ ({ created: "accent", restored: "accent", deleted: "bad", purged: "warn" });

/**
 * @param {App} app
 * @param {Change} change
 * @param {{ newest: boolean, now: number, before: () => Promise<Template | null>, lookAgain: () => void }} around `now`: which
 *   revision its content now is of, as far as that is known
 * @returns {HTMLElement}
 */
export function timelineRow(app, change, around) {
  const { revision, name } = change;
  const here = `${app.to("templates", name)}?revision=${revision}`;
  const id = `r${revision}`;
  return h(
    "li",
    { id, class: `change-row ${change.action}` },
    h("div", { class: "ends" }, change.template ? [end("from", revision), end("to", revision)] : null),
    h(
      "div",
      { class: "told-of" },
      h(
        "p",
        { class: "line" },
        change.template ? h("a", { class: "revision", href: here, "aria-label": `Revision ${revision}` }, String(revision)) : h("span", { class: "revision quiet" }, String(revision)),
        h("span", { class: `tag ${KINDS[change.action] ?? ""}` }, said(change)),
        h("span", {}, when(change.time), change.by ? [" by ", h("span", { dir: "auto" }, by(change.by))] : null, change.first !== revision ? h("span", { class: "quiet" }, ` · in one with revision ${change.first}`) : null),
        around.newest ? h("span", { class: "tag accent" }, "now") : null,
        h("span", { class: "quiet moment", "aria-hidden": "true" }, moment(new Date(change.time))),
      ),
      change.note ? h("p", { class: "why" }, note(change.note)) : null,
      members(change),
      change.template ? null : h("p", { class: "quiet" }, "Its content was purged."),
      doing(app, change, around),
    ),
  );
}

/**
 * @param {"from" | "to"} side
 * @param {number} revision
 */
function end(side, revision) {
  return h("label", {}, h("input", { type: "radio", name: side, value: String(revision), "aria-label": `Compare ${side} revision ${revision}` }));
}

/** @param {Change} change */
function said({ action, promoted }) {
  if (!promoted) return action;
  if (!promoted.to) return `ended ${promoted.channel}, which was at ${promoted.from}`;
  return `${promoted.channel} ${promoted.from ? `from ${promoted.from} to ${promoted.to}` : `begins at ${promoted.to}`}`;
}

/** @param {string} identity */
function by(identity) {
  return identity.startsWith("publisher:") ? [who(identity), h("span", { class: "unseen" }, ", a build")] : who(identity);
}

/** @param {Change} change */
function members({ action, changed = [] }) {
  if (!changed.length || action === "created") return null;
  const few = changed.slice(0, FEW);
  const rest = changed.length - few.length;
  return h("p", { class: "members" }, few.map((member) => [h("code", {}, member), " "]), rest > 0 ? h("span", { class: "quiet" }, `and ${counted(rest, "more", "more")}`) : null);
}

/**
 * @param {App} app
 * @param {Change} change
 * @param {{ newest: boolean, now: number, before: () => Promise<Template | null>, lookAgain: () => void }} around
 */
function doing(app, change, { now, before, lookAgain }) {
  const { name, revision } = change;
  const shows = change.template && change.action !== "promoted" && change.action !== "purged";
  const restores = isContent(change) && app.may("write", change.template) && revision !== now;
  const promotes = isContent(change) && app.may("promote", change.template);
  if (!shows && !restores && !promotes) return null;
  const point = async () => {
    const alive = living((await momentOf(app.api, name)).change);
    if (alive) await promote(app, alive, { revision }, lookAgain);
    else toast(`${name} is deleted: it has no channels`);
  };
  return h(
    "div",
    { class: "doing" },
    shows ? changedDetails(change, before) : null,
    restores ? h("button", { type: "button", class: "plain", "aria-label": `Restore… revision ${revision}`, onclick: tries(() => restore(app, name, revision, lookAgain)) }, "Restore…") : null,
    promotes ? h("button", { type: "button", class: "plain", "aria-label": `Promote… revision ${revision}`, onclick: tries(point) }, "Promote…") : null,
  );
}

/**
 * Drawn once somebody looks.
 * @param {Change} change
 * @param {() => Promise<Template | null>} before
 */
function changedDetails(change, before) {
  const body = h("div", {});
  const details = h("details", {}, h("summary", { "aria-label": `What changed in revision ${change.revision}` }, "What changed"), body);
  details.addEventListener("toggle", async () => {
    if (!details.open || body.firstChild) return;
    const heads = { before: change.previous ? `Revision ${change.previous}` : "Before", after: `Revision ${change.revision}` };
    try {
      const old = await before();
      body.replaceChildren(isDeleted(change) ? h("p", { class: "quiet" }, "All of it is gone, and its channels with it.") : difference(old, living(change), heads));
    } catch (error) {
      body.replaceChildren(refused(error));
    }
  });
  return details;
}
