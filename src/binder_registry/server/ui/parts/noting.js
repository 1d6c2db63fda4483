/** What every write asks: why. And what it says where somebody else wrote first. */

import { Refusal } from "../api.js";
import { h } from "../dom.js";
import { toast } from "./dialog.js";
import { refused } from "./states.js";

/** @returns {{ element: HTMLElement, value: () => string }} */
export function noteField() {
  const input = h("input", { id: "asked-note", type: "text", maxlength: 1024, "aria-describedby": "asked-note-help", autocomplete: "off", dir: "auto" });
  const help = h("p", { class: "help", id: "asked-note-help" }, "Why: the history keeps it. Addresses become links.");
  return { element: h("div", { class: "field" }, h("label", { for: input.id }, "Note"), input, help), value: () => input.value };
}

/**
 * What a button does, which asks before it asks: where that fails, it is said.
 * @param {() => Promise<unknown>} act
 */
export function tries(act) {
  return () =>
    act().catch((error) => {
      if (!(error instanceof Refusal)) console.error(error);
      toast(error instanceof Refusal ? error.message : "The page met what it was not made for.");
    });
}

/**
 * Does a write out of a dialog.
 * @param {() => Promise<any>} write
 * @param {() => void} lookAgain called where the template was changed meanwhile, and the reader wants to see it
 * @returns {Promise<HTMLElement | void>} why it was not done
 */
export async function written(write, lookAgain) {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 412)) return refused(error);
    const again = h("button", { type: "button" }, "Look again");
    again.addEventListener("click", () => {
      again.closest("dialog")?.close();
      lookAgain();
    });
    return h(
      "div",
      { class: "refused", role: "alert" },
      h("p", {}, "Somebody changed the template since you looked, so that nothing was done. Look at what it is now, and decide again."),
      h("p", {}, again),
    );
  }
}
