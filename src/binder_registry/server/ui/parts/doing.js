/** What may be done with a template, as links and buttons: who may not sees none. */

import { h } from "../dom.js";
import { living } from "../moments.js";
import { tries } from "./noting.js";
import { pause, remove } from "./retiring.js";

/**
 * @param {import("../app.js").App} app
 * @param {import("../looking.js").Look} look
 * @param {() => void} lookAgain
 */
export function doing(app, { now, revision, channel }, lookAgain) {
  const alive = revision || channel ? null : living(now);
  const writes = alive && app.may("write", alive) ? alive : null;
  const link = (/** @type {string} */ page, /** @type {string} */ text) => h("a", { class: "button", href: app.to("templates", now.name, page) }, text);
  return [
    writes && link("edit", "Edit"),
    link("history", "History"),
    alive && app.may("write") && h("a", { class: "button", href: `${app.to("new")}?${new URLSearchParams({ from: now.name })}` }, "Copy to a new one"),
    writes && h("button", { type: "button", onclick: tries(() => pause(app, writes, lookAgain)) }, writes.paused ? "End the pause…" : "Pause…"),
    writes && h("button", { type: "button", class: "danger", onclick: tries(() => remove(app, writes, lookAgain)) }, "Delete…"),
  ];
}
