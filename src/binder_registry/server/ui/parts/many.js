/** A long list of which the beginning is drawn, and more for who asks. */

import { announce, h } from "../dom.js";
import { counted } from "../format.js";

const STEP = 100;

/**
 * @template T
 * @param {T[]} items
 * @param {(item: T) => HTMLElement} draw one `li`
 * @param {{ tag?: "ul" | "ol", class?: string, what?: [string, string], step?: number }} [how] `what`: one, and many
 * @returns {HTMLElement[]} the list, and what leads on
 */
export function many(items, draw, { tag = "ul", class: kind, what = ["more", "more"], step = STEP } = {}) {
  const list = h(tag, { class: kind });
  const foot = h("p", { class: "actions" });
  let at = 0;
  function more() {
    const next = items.slice(at, at + step).map(draw);
    list.append(...next);
    at += next.length;
    const left = items.length - at;
    if (!left) return foot.remove();
    const button = h("button", { type: "button" }, `Show ${counted(Math.min(step, left), ...what)} of ${left.toLocaleString("en")} left`);
    button.addEventListener("click", () => {
      const first = at;
      more();
      announce(`${counted(at - first, ...what)} shown`);
      const reached = /** @type {HTMLElement | undefined} */ (list.children[first]);
      reached?.setAttribute("tabindex", "-1");
      reached?.focus();
    });
    foot.replaceChildren(button);
  }
  more();
  return items.length > at ? [list, foot] : [list];
}
