/** Parts of a page that are drawn anew while somebody uses them. */

import { fill } from "../dom.js";

/** @typedef {import("../dom.js").Child} Child */

const FOCUSABLE = "a,button,input,select,textarea,summary,[tabindex]";

/**
 * What stands in `section` is replaced; what had the focus has it again, and what was open is open.
 * @param {Element} section
 * @param {...Child} children
 */
export function refill(section, ...children) {
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && section.contains(active) && active !== section ? keyOf(active) : null;
  const caret = active instanceof HTMLInputElement && active.type === "text" ? active.selectionStart : null;
  const open = new Set([...section.querySelectorAll("details[open] > summary")].map(keyOf));
  fill(section, ...children);
  for (const summary of section.querySelectorAll("details > summary"))
    if (open.has(keyOf(summary))) /** @type {HTMLDetailsElement} */ (summary.parentElement).open = true;
  if (focused === null) return;
  const again = focusAgain(section, focused);
  if (again instanceof HTMLInputElement && caret !== null) again.setSelectionRange(caret, caret);
}

/**
 * A section that is drawn only where what it is of became another.
 * @param {Element} section
 * @returns {(of: any, make: () => Child) => void}
 */
export function drawing(section) {
  let drawn = "";
  return (of, make) => {
    const now = JSON.stringify(of);
    if (now === drawn) return;
    drawn = now;
    refill(section, make());
  };
}

/**
 * What had the focus may be another element meanwhile; where it is gone, the page's heading has it.
 * @param {ParentNode} within
 * @param {string} key
 */
export function focusAgain(within, key) {
  const alike = [...within.querySelectorAll(FOCUSABLE)].find((element) => keyOf(element) === key);
  const found = alike ?? document.querySelector("main h1");
  if (found instanceof HTMLElement) found.focus({ preventScroll: true });
  return found;
}

/**
 * By which an element is known that is made anew.
 * @param {Element} element
 */
export function keyOf(element) {
  return `${element.tagName} ${element.id || element.getAttribute("aria-label") || element.textContent}`;
}
