/** Small things that many pages show: a time, who, a note, a button that copies. */

import { announce, h, safeHref } from "../dom.js";
import { ago, moment } from "../format.js";

/**
 * @param {string} time RFC 3339
 * @returns {HTMLElement} how long ago, with the moment in the reader's zone
 */
export function when(time) {
  const then = new Date(time);
  return h("time", { datetime: time, title: moment(then) }, ago(then, new Date()));
}

const LINK = /https?:\/\/[^\s<>"')\]]+/g;

/**
 * Its addresses, with http and https only, become links.
 * @param {string} text
 * @returns {HTMLElement}
 */
export function note(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(at, match.index), link(match[0]));
    at = match.index + match[0].length;
  }
  return h("span", { class: "note", dir: "auto" }, parts, text.slice(at));
}

/** @param {string} address */
function link(address) {
  return safeHref(address) ? h("a", { href: address, rel: "noopener noreferrer nofollow", target: "_blank" }, address) : address;
}

/**
 * @param {string} what "the token": for who hears it
 * @param {() => string} text
 * @returns {HTMLElement}
 */
export function copies(what, text) {
  const button = h("button", { type: "button", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "Copied";
    announce(`Copied ${what}`);
    setTimeout(() => (button.textContent = "Copy"), 2_000);
  });
  return button;
}
