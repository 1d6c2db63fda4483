/** Names and their values, row by row. */

import { announce, fill, h } from "../dom.js";

/**
 * @param {string} label
 * @param {[string, string][]} given
 * @param {(pairs: [string, string][]) => void} typed
 */
export function pairs(label, given, typed) {
  const rows = given.map(([name, value]) => /** @type {[string, string]} */ ([name, value]));
  const list = h("ul", { class: "bare rows" });
  const add = h("button", { type: "button", class: "plain", "aria-label": `Add to ${label}`, onclick: () => added() }, "+ Add");
  const element = h("div", {}, list, add);

  function draw() {
    fill(list, rows.map((row, at) => rowOf(row, at)));
  }

  /**
   * @param {[string, string]} row
   * @param {number} at
   */
  function rowOf(row, at) {
    const name = h("input", { type: "text", class: "mono", "aria-label": `${label}: name ${at + 1}`, autocomplete: "off", spellcheck: "false", dir: "auto", value: row[0] });
    const lines = Math.min(6, row[1].split("\n").length);
    const value = h("textarea", { rows: lines, class: "mono", "aria-label": `${label}: value ${at + 1}`, autocomplete: "off", spellcheck: "false", dir: "auto", value: row[1] });
    name.addEventListener("input", () => changed(row, 0, name.value));
    value.addEventListener("input", () => changed(row, 1, value.value));
    const away = h("button", { type: "button", class: "plain", "aria-label": `Remove ${row[0] || `row ${at + 1}`} from ${label}`, onclick: () => removed(at) }, "×");
    return h("li", {}, name, value, away);
  }

  /**
   * @param {[string, string]} row
   * @param {0 | 1} part
   * @param {string} text
   */
  function changed(row, part, text) {
    row[part] = text;
    typed(rows);
  }

  function added() {
    rows.push(["", ""]);
    draw();
    list.lastElementChild?.querySelector("input")?.focus();
  }

  /** @param {number} at */
  function removed(at) {
    const [[name]] = rows.splice(at, 1);
    typed(rows);
    draw();
    announce(`Removed ${name}`);
    (/** @type {HTMLElement | undefined} */ (list.querySelectorAll("button")[Math.min(at, rows.length - 1)]) ?? add).focus();
  }

  draw();
  return { element, focus: () => (list.querySelector("input") ?? add).focus() };
}
