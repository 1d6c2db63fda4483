/** What it was, what others made of it, what I made of it: side by side, and put together. */

import { h } from "../dom.js";
import { asTyped } from "../form-values.js";
import { counted } from "../format.js";
import { merged } from "../merging.js";
import { written } from "./difference.js";
import { fresh } from "./form-field.js";
import { group } from "./inputs.js";

/** @typedef {import("../merging.js").Row} Row */
/** @typedef {import("../dom.js").Child} Child */

/**
 * @param {Row[]} rows
 * @param {Record<string, any>} theirs
 * @param {Child} lead who, when
 * @param {(together: Record<string, any>) => void} go
 * @returns {{ element: HTMLElement, heading: HTMLElement }}
 */
export function conflict(rows, theirs, lead, go) {
  const [torn, others] = [rows.filter((row) => row.conflict), rows.filter((row) => !row.conflict)];
  const choices = torn.map((row) => ({ row, ...choice(row) }));
  const heading = h("h2", { tabindex: -1 }, torn.length ? `${counted(torn.length, "member")} changed on both sides` : "Somebody else changed it, elsewhere than you");
  function together() {
    const open = choices.filter((one) => one.mine() === null);
    choices.forEach((one) => one.refuse(one.mine() === null ? "Choose one." : ""));
    if (open.length) return open[0].focus();
    const mine = new Set(choices.filter((one) => one.mine()).map((one) => one.row));
    go(merged(theirs, rows, (row) => mine.has(row)));
  }
  const element = h(
    "section",
    { class: "conflict" },
    heading,
    h("p", {}, lead, torn.length ? " Choose what holds; all else is put together by itself." : " Nothing of it contradicts what you typed: it is put together."),
    choices.map((one) => one.element),
    others.length ? h("details", { open: !torn.length }, h("summary", {}, torn.length ? `${counted(others.length, "other member")}, put together` : counted(others.length, "member")), others.map(quiet)) : null,
    h("p", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: together }, "Put together, and look again")),
  );
  return { element, heading };
}

/** @param {Row} row */
function choice(row) {
  const id = fresh();
  const radio = (/** @type {string} */ which) => h("input", { type: "radio", name: id, id: `${id}-${which}` });
  const [theirs, mine] = [radio("theirs"), radio("mine")];
  const label = (/** @type {HTMLInputElement} */ input, /** @type {string} */ text) => h("span", { class: "box" }, input, h("label", { for: input.id }, text));
  const { element, refuse } = group(id, row.path.join("."), sides(row, label(theirs, "Theirs"), label(mine, "Mine")));
  element.classList.add("torn");
  return { element, refuse, focus: () => theirs.focus(), mine: () => (mine.checked ? true : theirs.checked ? false : null) };
}

/** @param {Row} row */
function quiet(row) {
  return h("div", { class: "put" }, h("p", {}, h("code", { dir: "auto" }, row.path.join("."))), sides(row, "Theirs", "Mine"));
}

/**
 * @param {Row} row
 * @param {Child} theirs
 * @param {Child} mine
 */
function sides(row, theirs, mine) {
  const side = (/** @type {Child} */ head, /** @type {any} */ value) => h("div", {}, h("div", { class: "side" }, head), value === undefined ? h("span", { class: "quiet" }, "— nothing") : h("div", { class: "mono told", dir: "auto" }, written(asTyped(value))));
  return h("div", { class: "three" }, side("It was", row.base), side(theirs, row.theirs), side(mine, row.mine));
}
