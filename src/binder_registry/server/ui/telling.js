/** What others did, in one sentence. Pure. */

import { counted, who } from "./format.js";

/** @typedef {import("./types.js").Change} Change */

/**
 * @param {Change[]} changes
 * @returns {string} "scipy was updated by alice", "3 environments were changed by alice", "12 environments were changed"
 */
export function said(changes) {
  const names = new Set(changes.map((change) => change.name));
  const people = new Set(changes.map((change) => change.by ?? ""));
  const [by] = people;
  const hand = people.size === 1 && by ? ` by ${who(by)}` : "";
  if (names.size > 1) return `${counted(names.size, "environment")} were changed${hand}`;
  const last = changes[changes.length - 1];
  return last ? `${last.name} was ${last.action}${hand}` : "";
}
