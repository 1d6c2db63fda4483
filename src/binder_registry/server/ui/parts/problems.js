/** What is to be mended, each with a way to where it is. */

import { h } from "../dom.js";
import { counted } from "../format.js";

/** @typedef {{ field: string, message: string, line?: number }} Problem */

/**
 * @param {Problem[]} problems
 * @param {(problem: Problem) => { id: string, label: string, focus: () => void } | null} at
 */
export function problemList(problems, at) {
  return h(
    "div",
    { class: "refused mend", tabindex: -1, role: "group", "aria-labelledby": "mend" },
    h("h2", { id: "mend" }, `${counted(problems.length, "thing")} to mend first`),
    h("ul", {}, problems.map((problem) => h("li", {}, way(problem, at(problem)), " ", h("span", { dir: "auto" }, problem.message)))),
  );
}

/**
 * @param {Problem} problem
 * @param {{ id: string, label: string, focus: () => void } | null} place
 */
function way({ field, line }, place) {
  const name = field ? h("code", { dir: "auto" }, field) : line ? `Line ${line}` : null;
  if (!place || !name) return name;
  /** @param {Event} event */
  function go(event) {
    event.preventDefault();
    /** @type {any} */ (place).focus();
  }
  return h("a", { href: `#${place.id}`, onclick: go }, name);
}
