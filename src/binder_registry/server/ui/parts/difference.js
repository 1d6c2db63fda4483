/** Two states of a template side by side, member by member, or two texts line by line. A sign stands beside each colour. */

import { differences } from "../differences.js";
import { h } from "../dom.js";
import { bytesText } from "../form-values.js";
import { counted } from "../format.js";
import { folded, lineDifference } from "../line-diff.js";

/** @typedef {import("../types.js").Json} Json */
/** @typedef {import("../dom.js").Child} Child */

/**
 * @param {Record<string, any> | null} before
 * @param {Record<string, any> | null} after
 * @param {{ before?: string, after?: string }} [heads]
 * @returns {HTMLElement}
 */
export function difference(before, after, heads = {}) {
  const rows = differences(before, after);
  if (!rows.length) return h("p", { class: "quiet" }, "Nothing differs.");
  const head = ["Member", heads.before ?? "Before", heads.after ?? "After"];
  // Where it is narrow one stands above the other: the roles say then that it is a table.
  return h(
    "div",
    { class: "wide difference", tabindex: 0, role: "group", "aria-label": "What differs" },
    h(
      "table",
      { class: "table differences", role: "table" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head.map((text) => h("th", { scope: "col", role: "columnheader" }, text)))),
      h(
        "tbody",
        { role: "rowgroup" },
        rows.map((row) => h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, h("code", {}, row.member)), sides(sized(row.member, row.before), sized(row.member, row.after)))),
      ),
    ),
  );
}

/**
 * Bytes as people write them, where that is exact.
 * @param {string} member
 * @param {Json | undefined} value
 */
function sized(member, value) {
  return typeof value === "number" && /(^|\.)memory$/.test(member) ? bytesText(value) : value;
}

/**
 * Of long texts, the lines that differ.
 * @param {Json | undefined} before
 * @param {Json | undefined} after
 */
function sides(before, after) {
  if (before === undefined || after === undefined) return [side("del", before), side("ins", after)];
  const [old, now] = [written(before), written(after)];
  if (old.split("\n").length > 3 && now.split("\n").length > 3) return h("td", { colspan: 2, role: "cell" }, lineByLine(old, now));
  return [side("del", before), side("ins", after)];
}

/**
 * @param {"del" | "ins"} tag
 * @param {Json | undefined} value
 */
function side(tag, value) {
  if (value === undefined) return h("td", { class: "quiet", role: "cell" }, "—");
  return h("td", { role: "cell" }, h(tag, { class: `mono ${tag === "del" ? "removed" : "added"}`, dir: "auto" }, tag === "del" ? "− " : "+ ", written(value)));
}

/**
 * @param {string} before
 * @param {string} after
 * @param {string} [label]
 * @returns {HTMLElement}
 */
export function lineByLine(before, after, label = "Lines that differ") {
  const rows = folded(lineDifference(before, after));
  return h(
    "div",
    { class: "line-diff mono", tabindex: 0, role: "group", "aria-label": label },
    rows.map((row) => ("left" in row ? h("div", { class: "left quiet" }, `⋯ ${counted(row.left, "line")} the same`) : line(row))),
  );
}

/** @param {import("../line-diff.js").Line} row */
function line({ sign, text }) {
  if (sign === " ") return h("div", {}, h("span", { class: "sign" }, " "), h("span", { dir: "auto" }, text));
  const tag = sign === "+" ? "ins" : "del";
  return h("div", { class: sign === "+" ? "added" : "removed" }, h("span", { class: "sign" }, sign), h(tag, { dir: "auto" }, text));
}

/**
 * @param {Json} value
 * @returns {string} text as it is, all else as JSON
 */
export function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}
