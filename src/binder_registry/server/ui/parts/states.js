/** What stands where a page is not: it comes, it may not be seen, it is not there, nobody answers. Each has the way on. */

import { Refusal } from "../api.js";
import { h } from "../dom.js";

/** @typedef {import("../app.js").App} App */

/** Seen only where it takes longer than 200 ms. */
export function loading() {
  return h("p", { class: "state late", role: "status" }, "Loading…");
}

/**
 * Where a list has nothing.
 * @param {string} sentence
 * @param {...import("../dom.js").Child} way
 */
export function empty(sentence, ...way) {
  return h("div", { class: "state" }, h("p", {}, sentence), way.length ? h("p", {}, way) : null);
}

/**
 * @param {App} app
 * @param {unknown} error
 * @returns {import("../app.js").Page}
 */
export function failure(app, error) {
  const again = h("button", { type: "button", onclick: () => app.show() }, "Try again");
  if (!(error instanceof Refusal)) {
    console.error(error);
    return { title: "Something went wrong here", content: empty("The page met what it was not made for.", again) };
  }
  const home = h("a", { href: app.base }, "All environments");
  if (error.status === 401 || error.status === 403) {
    const title = error.status === 401 || !app.holder ? "You need to log in" : "You may not see this";
    return { title, content: empty(error.message, h("a", { class: "button", href: entrance(app) }, "Log in"), " ", home) };
  }
  if (error.status === 0) return { title: "The registry does not answer", content: empty(error.message, again) };
  if (error.status === 404) return { title: "It is not here", content: empty(error.message, home) };
  return { title: "It could not be shown", content: [refused(error), empty("", again, " ", home)] };
}

/**
 * What the server said, with its hints, to stand beside what was tried.
 * @param {unknown} error
 */
export function refused(error) {
  const known = error instanceof Refusal;
  if (!known) console.error(error);
  const hints = known ? error.hints : [];
  return h(
    "div",
    { class: "refused", role: "alert" },
    h("p", {}, known ? error.message : "The page met what it was not made for."),
    hints.length
      ? h("ul", {}, hints.map((hint) => h("li", {}, hint.field ? h("code", {}, hint.field) : null, " ", hint.message ?? hint.code ?? "")))
      : null,
  );
}

/**
 * Where somebody comes in, by whichever way, and back to here.
 * @param {App} app
 */
export function entrance(app) {
  return `${app.to("login")}?next=${encodeURIComponent(location.pathname + location.search)}`;
}
