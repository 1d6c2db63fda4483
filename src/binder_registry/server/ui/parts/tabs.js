/** Some views of one thing, of which one is shown. By keyboard: arrows, Home and End. */

import { h } from "../dom.js";

/** @typedef {import("../dom.js").Child} Child */

/**
 * @param {string} label
 * @param {[string, (panel: HTMLElement) => void][]} tabs its title, and what fills it once it is shown
 * @returns {{ element: HTMLElement, again: () => void }} `again`: what is shown is filled anew
 */
export function tabs(label, tabs) {
  const panel = h("div", { role: "tabpanel", id: "panel", tabindex: 0 });
  const buttons = tabs.map(([title], at) => h("button", { type: "button", role: "tab", id: `tab-${at}`, "aria-controls": "panel", onclick: () => show(at) }, title));
  let shown = 0;
  /** @param {number} at */
  function show(at) {
    shown = at;
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === at));
      button.tabIndex = index === at ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[at].id);
    tabs[at][1](panel);
  }
  /** @param {KeyboardEvent} event */
  function move(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: shown + 1, ArrowLeft: shown - 1, Home: 0, End: tabs.length - 1 });
    if (!(event.key in steps)) return;
    event.preventDefault();
    show((steps[event.key] + tabs.length) % tabs.length);
    buttons[shown].focus();
  }
  show(0);
  return {
    element: h("div", {}, h("div", { role: "tablist", "aria-label": label, class: "tabs", onkeydown: move }, buttons), panel),
    again: () => show(shown),
  };
}
