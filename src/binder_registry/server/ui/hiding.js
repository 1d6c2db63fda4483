/** Why somebody is not offered something, in sentences, by template. Pure. */

import { capital } from "./hinting.js";

/** @typedef {import("./offering.js").Hidden} Hidden */
/** @typedef {{ name: string, whole: boolean, reasons: { sentence: string, rule: string }[] }} HiddenTemplate `whole`: nothing of it is offered */

/**
 * @param {Hidden[]} hidden
 * @param {Iterable<string>} offered the names of what is
 * @returns {HiddenTemplate[]} those of which nothing is offered first; else in the order that they came in
 */
export function byTemplate(hidden, offered) {
  const shown = new Set(offered);
  /** @type {Map<string, HiddenTemplate>} */
  const found = new Map();
  for (const one of hidden) {
    const entry = found.get(one.name) ?? { name: one.name, whole: !shown.has(one.name), reasons: [] };
    entry.reasons.push({ sentence: sentenceOf(one), rule: one.rule });
    found.set(one.name, entry);
  }
  const all = [...found.values()];
  return [...all.filter((one) => one.whole), ...all.filter((one) => !one.whole)];
}

/**
 * @param {Hidden} hidden
 * @returns {string} "The choice “large” of size takes the group 'staff'."
 */
export function sentenceOf({ rule, needs, option, choice }) {
  const what = option && (choice ? `the choice “${choice}” of ${option}` : `every choice of ${option}`);
  const takes = rule === "allowed-groups" || rule === "choice-groups";
  if (what) return capital(takes ? `${what} takes ${needs}` : `${what}: ${needs}`);
  if (takes) return capital(needs.startsWith("for ") ? `it takes, ${needs}` : `it takes ${needs}`);
  return capital(needs);
}

/** @typedef {{ user: string | null, groups: string[] }} Viewer */

/**
 * @param {Viewer} viewer
 * @returns {string} "alice, who is in physics and staff,"; "a member of physics"; "everyone"
 */
export function whom({ user, groups }) {
  if (user === null) return groups.length ? `who is in ${listed(groups)}` : "everyone";
  return groups.length ? `${user}, who is in ${listed(groups)},` : `${user}, who is in no group,`;
}

/**
 * @param {string[]} words
 * @returns {string} "a, b and c"
 */
export function listed(words) {
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}` : words.join("");
}
