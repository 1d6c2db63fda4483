/** Small things that many pages show: a time, who, a note, an icon, a button that copies. */

import { announce, h, safeHref } from "../dom.js";
import { ago, beginning, counted, moment } from "../format.js";
import { pieces } from "../links.js";

/**
 * @param {string} time RFC 3339
 * @returns {HTMLElement} how long ago, with the moment in the reader's zone
 */
export function when(time) {
  const then = new Date(time);
  ticking ??= setInterval(tick, 30_000);
  return h("time", { class: "ago", datetime: time, title: moment(then) }, ago(then, new Date()));
}

/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

/** What was a minute ago is two minutes ago. */
function tick() {
  const now = new Date();
  for (const time of document.querySelectorAll("time.ago")) {
    const text = ago(new Date(/** @type {HTMLTimeElement} */ (time).dateTime), now);
    if (text !== time.textContent) time.textContent = text;
  }
}

/**
 * Its addresses, with http and https only, become links.
 * @param {string} text
 * @returns {HTMLElement}
 */
export function note(text) {
  return h("span", { class: "note", dir: "auto" }, pieces(text).map((piece) => (piece.address ? link(piece.text) : piece.text)));
}

/**
 * A text that may be long: the beginning, and all of it for who asks.
 * @param {string} text
 * @param {(text: string) => import("../dom.js").Child} [shown]
 * @returns {import("../dom.js").Child}
 */
export function long(text, shown = (part) => part) {
  const start = beginning(text);
  if (start.length === text.length) return shown(text);
  const all = h("div", { class: "all" });
  const details = h("details", { class: "long" }, h("summary", {}, `All ${counted(text.length, "character")}`), all);
  const short = h("span", {}, shown(start), "…");
  details.addEventListener("toggle", () => {
    short.hidden = details.open;
    all.replaceChildren();
    if (details.open) all.append(h("span", {}, shown(text)));
  });
  return [short, details];
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
  const image = h("img", { class: "picture", alt: "", width: 32, height: 32 });
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
