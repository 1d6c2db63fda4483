/** Bringing back an old state, with what would change before it is done. */

import { path } from "../api.js";
import { h } from "../dom.js";
import { changesOf, guarded, living, momentOf } from "../moments.js";
import { ask, toast } from "./dialog.js";
import { difference } from "./difference.js";
import { noteField, written } from "./noting.js";

/** @typedef {import("../app.js").App} App */

/**
 * What it was last, as far as that is still there.
 * @param {App} app
 * @param {string} name
 * @param {() => void} lookAgain
 */
export async function bringBack(app, name, lookAgain) {
  const { changes } = await changesOf(app.api, name, { limit: 100 });
  const last = changes.find((change) => living(change));
  if (last) await restore(app, name, last.revision, lookAgain);
  else toast(`Nothing of what ${name} was is there any more`);
}

/**
 * @param {App} app
 * @param {string} name
 * @param {number} revision that it is to be as again
 * @param {() => void} lookAgain
 * @returns {Promise<boolean>} whether it was done
 */
export async function restore(app, name, revision, lookAgain) {
  const [{ change: now }, { change: then }] = await Promise.all([momentOf(app.api, name), momentOf(app.api, name, revision)]);
  if (!now) return false;
  const note = noteField();
  const gone = now.template && !living(now);
  const content = [
    h("p", {}, gone ? "The template is deleted: it comes back with this content, and without its channels." : "A new change brings back the old content. Today's rules apply to it."),
    difference(living(now), living(then), { before: "Now", after: `As of revision ${revision}` }),
    note.element,
  ];
  const done = await ask(`Restore revision ${revision}`, content, {
    action: "Restore",
    act: () =>
      written(
        () => app.api.ask(`${path("templates", name)}/restore`, { method: "POST", body: { revision }, headers: guarded(now.revision, note.value()) }),
        lookAgain,
      ),
  });
  if (done) toast(`${name} is as of revision ${revision} again`);
  return done;
}
