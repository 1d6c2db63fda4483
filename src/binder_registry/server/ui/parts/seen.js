/** What somebody is offered, and what not and why, drawn. */

import { h } from "../dom.js";
import { inShort } from "../settings.js";
import { many } from "./many.js";
import { copies, icon, long } from "./small.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../types.js").Option} Option */
/** @typedef {import("../hiding.js").HiddenTemplate} HiddenTemplate */

/**
 * @param {App} app
 * @param {Template[]} offered in the hub's order
 */
export function offeredList(app, offered) {
  return many(offered, (one) => offer(app, one), { tag: "ol", class: "offers", what: ["template", "templates"] });
}

/**
 * @param {App} app
 * @param {Template} template
 */
function offer(app, template) {
  const [name, channel] = template.name.split("/"); // what is tried out stands under another name
  const title = template["display-name"] || template.name;
  return h(
    "li",
    {},
    h("div", { class: "title" }, icon(template), h("a", { href: app.to("templates", name) + (channel ? `?channel=${encodeURIComponent(channel)}` : ""), dir: "auto" }, title), title !== template.name && h("code", { class: "quiet" }, template.name), channel && h("span", { class: "tag accent" }, "tried out")),
    template["image-name"] && h("div", { class: "quiet mono", dir: "auto" }, long(template["image-name"])),
    (template.options ?? []).map(choices),
    template.launch ? launch(template) : null,
  );
}

/** @param {Option} option */
function choices(option) {
  const typed = option["free-text"];
  const parts = (option.choices ?? []).map((choice) => h("span", { class: choice.default ? "tag accent" : "tag", dir: "auto", title: inShort(choice.set) }, choice["display-name"] || choice.name, choice.default && h("span", { class: "unseen" }, " (default)")));
  return h("div", { class: "choices" }, h("span", { class: "quiet", dir: "auto" }, `${option["display-name"] || option.name} `), parts.map((part) => [part, " "]), typed && h("span", { class: "tag" }, "anything typed"));
}

/** @param {Template} template */
function launch(template) {
  const text = JSON.stringify(template.launch);
  return h("details", { class: "launch" }, h("summary", {}, "To start it by REST"), h("p", { class: "actions" }, h("code", { dir: "ltr" }, text), copies(`how ${template.name} is started`, () => text)));
}

/**
 * @param {App} app
 * @param {HiddenTemplate[]} hidden
 */
export function hiddenList(app, hidden) {
  return many(hidden, (one) => rest(app, one), { class: "rest", what: ["template", "templates"] });
}

/**
 * @param {App} app
 * @param {HiddenTemplate} hidden
 */
function rest(app, { name, whole, reasons }) {
  const [own] = name.split("/");
  return h(
    "li",
    {},
    h("div", { class: "title" }, h("a", { href: app.to("templates", own), dir: "auto" }, name), !whole && h("span", { class: "tag" }, "in part")),
    h("ul", { class: "bare" }, reasons.map(({ sentence, rule }) => h("li", {}, h("span", { dir: "auto" }, sentence), " ", h("code", { class: "quiet" }, rule)))),
  );
}
