/** Small things that many pages show: a time, who, a note, an icon, a button that copies. */

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

const PICTURE = /^data:image\/(png|jpeg|gif|webp|avif|svg\+xml);base64,/;

/**
 * A picture that the template holds itself: the page loads none from elsewhere.
 * @param {Record<string, any>} template
 * @returns {HTMLElement | null}
 */
export function icon(template) {
  if (!PICTURE.test(template.icon ?? "")) return null;
  const image = h("img", { class: "icon", alt: "", width: 32, height: 32 });
  image.setAttribute("src", template.icon);
  image.addEventListener("error", () => image.remove());
  return image;
}

/**
 * @param {string} what "the token": for who hears it
 * @param {() => string} text
 * @returns {HTMLElement}
 */
export function copies(what, text) {
  const button = h("button", { type: "button", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    const done = await copied(text());
    button.textContent = done ? "Copied" : "Not copied";
    announce(done ? `Copied ${what}` : `Your browser does not let the page copy ${what}`);
    setTimeout(() => (button.textContent = "Copy"), 2_000);
  });
  return button;
}

/**
 * A page without TLS has no clipboard: there the old way is tried.
 * @param {string} text
 */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const focused = document.activeElement;
    const area = h("textarea", { class: "unseen", readonly: true, "aria-hidden": "true", tabindex: -1 });
    area.value = text;
    (focused?.closest("dialog") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}
