/** What a file is, and what a plan says of it. Pure. */

import { counted } from "./format.js";
import { listed } from "./hiding.js";

/** @typedef {import("./types.js").Template} Template */
/**
 * @typedef {{ action: string, name: string, changed: string[], revision?: number, reason?: string,
 *   promoted?: { channel: string, from: number, to: number } }} Step
 * @typedef {{ name: string, path: string, problem: string, "left-out"?: boolean }} Lost
 * @typedef {{ field: string, message: string, line?: number }} Problem
 * @typedef {{ whole: Record<string, any> | null, list: Template[] | null }} Source `whole`: it is a request as `POST /apply` takes it; `list`: templates of JSON
 */

/** In which they are shown: what is lost for somebody first. */
const ORDER = ["deleted", "updated", "restored", "created", "promoted", "unchanged"];
const REQUEST = ["templates", "delete", "prune", "promote"];

/**
 * @param {string} text
 * @returns {Source} both null: the server reads it, as YAML
 */
export function sourceOf(text) {
  if (!/^\s*[[{]/.test(text)) return { whole: null, list: null };
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    return { whole: null, list: null };
  }
  if (Array.isArray(read)) return { whole: null, list: read };
  const whole = !("name" in read) && REQUEST.some((member) => member in read);
  return whole ? { whole: read, list: null } : { whole: null, list: [read] };
}

/**
 * Whether a text looks like the values of a hub: a guess, which the reader sees and may change.
 * @param {string} text
 */
export function looksLikeHub(text) {
  return /^\s*["']?(profileList|singleuser|jupyterhub)["']?\s*:/m.test(text) && !/^\s*-?\s*["']?image-name["']?\s*:/m.test(text);
}

/**
 * @param {Step[]} steps
 * @returns {[string, Step[]][]} by action, in the order in which they are shown
 */
export function byAction(steps) {
  const actions = [...ORDER, ...new Set(steps.map((step) => step.action).filter((action) => !ORDER.includes(action)))];
  return actions.map((action) => /** @type {[string, Step[]]} */ ([action, steps.filter((step) => step.action === action)])).filter(([, some]) => some.length);
}

/**
 * @param {Step[]} steps
 * @returns {string} "1 template deleted, 3 created and 40 unchanged"
 */
export function summary(steps) {
  const parts = byAction(steps).map(([action, some], at) => `${at ? some.length.toLocaleString("en") : counted(some.length, "template")} ${action}`);
  return listed(parts) || "nothing to do";
}

/**
 * @param {Template | null} template
 * @returns {Record<string, any> | null} without members that say nothing: 2015's answers have an empty `command`
 */
export function filledIn(template) {
  return template && Object.fromEntries(Object.entries(template).filter(([, value]) => value !== ""));
}

/** @param {Step[]} steps */
export function doesNothing(steps) {
  return steps.every((step) => step.action === "unchanged");
}

/**
 * Whether what was shown is what would be done now.
 * @param {Step[]} seen
 * @param {Step[]} now
 * @param {string[]} changed names of templates that were written meanwhile
 */
export function stillHolds(seen, now, changed) {
  const names = new Set(seen.map((step) => step.name));
  return JSON.stringify(seen) === JSON.stringify(now) && !changed.some((name) => names.has(name));
}

/**
 * What is wrong, with lines where the server names them.
 * @param {{ message: string, hints: import("./types.js").Hint[] }} refusal
 * @returns {Problem[]}
 */
export function problemsOf({ message, hints }) {
  const lined = message.match(/\bline (\d+)/);
  const told = message.replace(/^(?:body, )?(.*?)(?:, )?\bline \d+: /, (_, place) => (place ? `${place}: ` : "")); // by the line that stands beside it
  if (hints.length === 1) return [{ field: fieldOf(hints[0].field), message: hints[0].message ?? told, ...(lined && { line: Number(lined[1]) }) }];
  return hints.length && hints.every((hint) => hint.message) ? hints.map((hint) => ({ field: hint.field ?? "", message: hint.message ?? "" })) : [{ field: "", message }];
}

/** @param {string} [field] "line 2" is told by the line */
function fieldOf(field = "") {
  return /^line \d+$/.test(field) || field === "body" ? "" : field;
}
