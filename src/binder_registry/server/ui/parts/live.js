/** Whether what is seen is of now; one place for the document, in its header. */

import { announce, fill, h } from "../dom.js";
import { entrance } from "./states.js";

/** @typedef {import("../app.js").App} App */

/** @type {WeakMap<App, HTMLElement>} */
const made = new WeakMap();

/** @param {App} app */
export function live(app) {
  const known = made.get(app);
  if (known) return known;
  const place = h("div", { class: "live" });
  made.set(app, place);
  app.catalogue.listen(() => draw(app, place));
  draw(app, place);
  return place;
}

/**
 * @param {App} app
 * @param {HTMLElement} place
 */
function draw(app, place) {
  const { state } = app.catalogue;
  const before = place.dataset.state;
  if (state === before || state === "waiting") return; // a short cut is nothing to tell
  place.dataset.state = state;
  const focused = place.contains(document.activeElement);
  if (state === "idle") return place.replaceChildren();
  if (state === "live") {
    fill(place, h("span", { title: "What others change appears here at once" }, "Live"));
    if (before === "away" || before === "denied") announce("It is live again");
  } else {
    const way = state === "away" ? h("button", { type: "button", class: "plain", onclick: () => app.catalogue.retry() }, "Retry") : h("a", { href: entrance(app) }, "Log in again");
    fill(place, h("span", {}, "Not live: what you see may be old"), way);
    announce("Not live: what you see may be old");
  }
  if (focused) /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus({ preventScroll: true });
}
