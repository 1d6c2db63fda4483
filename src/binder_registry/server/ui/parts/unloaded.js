/** Where a page's module does not come: the server is away, or serves another release than this document is of. */

import { h } from "../dom.js";
import { Refusal } from "../api.js";
import { empty } from "./states.js";

/**
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T>} raises `Unloaded`, and `Refusal` where nobody answers
 */
export async function loaded(load) {
  try {
    return await load();
  } catch (error) {
    let still;
    try {
      still = await fetch(import.meta.url, { method: "HEAD", cache: "no-store" });
    } catch {
      throw new Refusal(0, "offline", "The registry does not answer, and this page was not loaded before.");
    }
    throw still.ok ? error : new Unloaded();
  }
}

/** The server has no more of this release. */
export class Unloaded extends Error {}

/** @returns {import("../app.js").Page} */
export function outdated() {
  const again = h("button", { type: "button", class: "primary", onclick: () => location.reload() }, "Reload");
  return { title: "The registry was updated", content: empty("This page is of the release before. Reload to go on.", again) };
}
