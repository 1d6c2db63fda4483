/** Who holds what is logged in with, and what it may do. */

import { h } from "../dom.js";
import { moment, who } from "../format.js";
import { reachOf, rights } from "../holding.js";

/** @typedef {import("../types.js").Holder} Holder */

/**
 * @param {Holder} holder
 * @returns {HTMLElement}
 */
export function holderFacts(holder) {
  const may = rights(holder.scopes).map(([scope, allows]) => h("li", {}, h("code", {}, scope), allows && `: ${allows}`));
  const writes = ["write", "promote", "tokens", "admin"].some((scope) => holder.scopes.includes(scope));
  return h(
    "dl",
    { class: "facts" },
    [h("dt", {}, "Who"), h("dd", { dir: "auto" }, who(holder.by))],
    [h("dt", {}, "May"), h("dd", {}, may.length ? h("ul", { class: "bare" }, may) : "look at what everybody sees")],
    writes && [h("dt", {}, "Reaches"), h("dd", { dir: "auto" }, reachOf(holder.reach))],
    holder.expires && [h("dt", {}, "Until"), h("dd", {}, h("time", { datetime: holder.expires }, moment(new Date(holder.expires))))],
  );
}
