/** A secret that is shown once. */

import { announce, h } from "../dom.js";
import { copies } from "./small.js";

/**
 * @param {string} name of the token
 * @param {string} secret
 * @param {() => void} kept called once the reader says that it is somewhere safe
 * @returns {HTMLElement}
 */
export function secretShown(name, secret, kept) {
  const text = h("input", { id: "secret", class: "mono", readonly: true, value: secret, size: secret.length, autocomplete: "off", spellcheck: "false", onfocus: () => text.select() });
  announce(`The secret of ${name} is shown once: copy it now`);
  return h(
    "section",
    { class: "secret", "aria-labelledby": "secret-title" },
    h("h2", { id: "secret-title", tabindex: -1 }, "The secret of ", h("code", {}, name)),
    h("p", {}, h("b", {}, "It is shown this once."), " The registry keeps no copy: put it where it is needed now. Who has it may do what the token may."),
    h("p", { class: "actions" }, h("label", { for: text.id, class: "unseen" }, `The secret of ${name}`), text, copies("the secret", () => secret)),
    h("p", {}, h("button", { type: "button", onclick: kept }, "I have put it away")),
  );
}
