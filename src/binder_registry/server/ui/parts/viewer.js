/** Who is looked as: oneself, a user, or members of groups; of a channel, and with labels. */

import { fill, h } from "../dom.js";
import { box, field, group } from "./inputs.js";

/** @typedef {import("../app.js").App} App */

const KNOWN_GROUPS = 200; // of all templates, to choose from

/**
 * @param {App} app
 * @param {URLSearchParams} asked
 * @param {boolean} admin
 * @returns {{ element: HTMLElement, refuse: (at: Map<string, string>) => void }}
 */
export function viewForm(app, asked, admin) {
  const user = field("User of the hub", text("user", asked.get("user") ?? ""), "The hub is asked for the groups.");
  const groups = groupsField(app, asked.getAll("group"));
  const channel = field("Channel", text("channel", asked.get("channel") ?? ""), "Empty: what the hub offers.");
  const label = field("Labels", text("label", asked.getAll("label").join(",")), ["Such as ", h("code", {}, "course=physics"), "."]);
  const kinds = /** @type {[string, string, HTMLElement | null][]} */ ([
    ["self", app.holder?.kind === "user" ? "Myself" : "Everyone", null],
    ["user", "A user", user.element],
    ["group", "Members of groups", groups.element],
  ]);
  const radios = kinds.map(([kind, title]) => box({ type: "radio", name: "as", id: `as-${kind}`, value: kind, checked: kind === kindOf(asked), onchange: show }, title));
  const as = group("as", "View as", h("div", { class: "boxes" }, radios.map((one) => one.element)));

  const kind = () => radios.find((one) => one.input.checked)?.input.value ?? "self";
  function show() {
    for (const [name, , element] of kinds) if (element) element.hidden = name !== kind();
  }
  show();

  /** @param {Event} event */
  function submitted(event) {
    event.preventDefault();
    const query = new URLSearchParams();
    if (admin && kind() === "user" && user.input.value.trim()) query.set("user", user.input.value.trim());
    if (admin && kind() === "group") for (const one of groups.chosen()) query.append("group", one);
    if (channel.input.value.trim()) query.set("channel", channel.input.value.trim());
    if (label.input.value.trim()) query.set("label", label.input.value.trim());
    void app.go(`${app.to("view")}${query.size ? `?${query}` : ""}`);
  }

  const element = h(
    "form",
    { class: "viewer", onsubmit: submitted, role: "search", "aria-label": "Whose view" },
    admin && [as.element, user.element, groups.element],
    h("div", { class: "row" }, channel.element, label.element, h("button", { class: "primary" }, "Show")),
  );
  const fields = new Map([
    ["user", user],
    ["group", groups],
    ["channel", channel],
    ["label", label],
  ]);
  return { element, refuse: (at) => at.forEach((why, name) => fields.get(name)?.refuse(why)) };
}

/** @param {URLSearchParams} asked */
function kindOf(asked) {
  return asked.has("user") ? "user" : asked.has("group") ? "group" : "self";
}

/**
 * @param {string} id
 * @param {string} value
 */
function text(id, value) {
  return h("input", { id, name: id, type: "text", value, autocomplete: "off", spellcheck: "false", autocapitalize: "off", dir: "auto" });
}

/**
 * Groups are added one by one; the one that is being typed counts, too.
 * @param {App} app
 * @param {string[]} first
 */
function groupsField(app, first) {
  let chosen = [...first];
  const input = text("group", "");
  const known = h("datalist", { id: "known-groups" });
  input.setAttribute("list", known.id);
  app.catalogue.load().then(() => fill(known, groupsOf(app).map((one) => h("option", { value: one }))), () => undefined);
  const chips = h("ul", { class: "chips", "aria-label": "Groups" });
  const add = h("button", { type: "button", onclick: take }, "Add");
  const around = h("div", { class: "adding" }, chips, input, add, known);
  const { element, refuse } = field("Groups", input, "One after the other: what a member of all of them may start.", around);

  function take() {
    const one = input.value.trim();
    input.value = "";
    if (one && !chosen.includes(one)) chosen = [...chosen, one];
    draw();
    input.focus();
  }
  function draw() {
    chips.hidden = !chosen.length;
    fill(chips, chosen.map((one) => h("li", { class: "tag accent" }, h("bdi", {}, one), h("button", { type: "button", class: "plain", "aria-label": `Without ${one}`, onclick: () => without(one) }, "×"))));
  }
  /** @param {string} one */
  function without(one) {
    chosen = chosen.filter((other) => other !== one);
    draw();
    input.focus();
  }
  draw();
  return { element, input, refuse, chosen: () => [...new Set([...chosen, input.value.trim()])].filter(Boolean) };
}

/** @param {App} app */
function groupsOf(app) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const template of app.catalogue.templates.values()) {
    for (const one of template["allowed-groups"] ?? []) found.add(one);
    if (found.size >= KNOWN_GROUPS) break;
  }
  return [...found].sort();
}
