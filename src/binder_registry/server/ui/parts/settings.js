/** What a template sets, drawn. */

import { h } from "../dom.js";
import { differs, settings } from "../settings.js";
import { copies, long } from "./small.js";

/** @typedef {import("../settings.js").Setting} Setting */

/**
 * @param {Record<string, any>} template
 * @param {Record<string, any>} [own] without what was chosen: what differs is marked
 * @returns {HTMLElement}
 */
export function settingsList(template, own = template) {
  return h(
    "dl",
    { class: "facts settings" },
    settings(template).map((one) => [
      h("dt", {}, one.title, differs(one, template, own) ? [" ", h("span", { class: "tag accent" }, "as chosen")] : null),
      h("dd", {}, value(one)),
    ]),
  );
}

/** @param {Setting} setting */
function value({ title, text, code, pairs, none }) {
  if (text) return text;
  if (code) return [h("code", { class: "whole", dir: "auto" }, long(code)), title === "Image" ? [" ", copies("the image's name", () => code)] : null];
  if (pairs?.length) return h("dl", { class: "pairs mono" }, pairs.map(([name, of]) => [h("dt", {}, long(name)), h("dd", { dir: "auto" }, long(of))]));
  return h("span", { class: "quiet" }, none);
}
