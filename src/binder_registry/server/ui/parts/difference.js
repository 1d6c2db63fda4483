/** Two states of a template side by side, member by member. A sign stands beside each colour. */

import { differences } from "../differences.js";
import { h } from "../dom.js";

/** @typedef {import("../types.js").Json} Json */

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
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": "What differs" },
    h(
      "table",
      { class: "table differences" },
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, row.member)), side("del", row.before), side("ins", row.after)))),
    ),
  );
}

/**
 * @param {"del" | "ins"} tag
 * @param {Json | undefined} value
 */
function side(tag, value) {
  if (value === undefined) return h("td", { class: "quiet" }, "—");
  return h("td", {}, h(tag, { class: `mono ${tag === "del" ? "removed" : "added"}`, dir: "auto" }, tag === "del" ? "− " : "+ ", written(value)));
}

/**
 * @param {Json} value
 * @returns {string} text as it is, all else as JSON
 */
export function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}
