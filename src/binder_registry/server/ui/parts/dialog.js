/** Questions that stand before the page. The browser's own dialog keeps the focus in, and gives it back. */

import { h } from "../dom.js";
import { focusAgain, keyOf } from "./refill.js";

/** @typedef {import("../dom.js").Child} Child */

/**
 * @param {string} title
 * @param {Child} content
 * @param {{ action: string, danger?: boolean, act: () => Promise<Child | void> | Child | void }} what `act` does it; what
 *   it gives says why not, and the dialog stays
 * @returns {Promise<boolean>} whether it was done
 */
export function ask(title, content, what) {
  return new Promise((answer) => {
    const said = h("div", { class: "said" });
    const act = h("button", { class: what.danger ? "danger" : "primary" }, what.action);
    const never = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const form = h("form", { method: "dialog" }, h("h2", { id: "asked" }, title), content, said, h("p", { class: "actions" }, act, never));
    const dialog = h("dialog", { "aria-labelledby": "asked", class: "ask" }, form);
    const opener = document.activeElement;
    let done = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (act.disabled) return;
      act.disabled = true;
      const problem = await what.act();
      act.disabled = false;
      said.replaceChildren();
      if (problem) {
        said.append(h("div", {}, problem));
        if (!dialog.contains(document.activeElement) || document.activeElement === dialog) act.focus(); // which a disabled one lost
        return;
      }
      done = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (opener && !opener.isConnected) focusAgain(document, keyOf(opener)); // it was drawn anew
      answer(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * A sentence that goes again by itself, and is read out.
 * @param {string} sentence
 */
export function toast(sentence) {
  const place = document.getElementById("toasts");
  const note = h("p", { role: "status" }, sentence);
  place?.append(note);
  setTimeout(() => note.remove(), 6_000);
}
