/** Somebody else wrote meanwhile: what they made of it and what was typed are put together. */

import { fill, h } from "../dom.js";
import { who } from "../format.js";
import { compared, same, tidied } from "../merging.js";
import { living, momentOf } from "../moments.js";
import { conflict } from "./conflict.js";
import { toast } from "./dialog.js";
import { when } from "./small.js";
import { refused } from "./states.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("../types.js").Change} Change */

/** @param {Editor} editor */
export async function meets(editor) {
  const { app, base } = editor;
  if (!base) return;
  try {
    if (!(await editor.ready())) return;
    const { change } = await momentOf(app.api, base.name);
    const theirs = living(change);
    fill(editor.meanwhile);
    fill(editor.problems);
    if (!change || !theirs) return gone(editor, base.name, change);
    const [now, mine] = [tidied(theirs), editor.mine];
    const lead = [change.by ? who(change.by) : "Somebody", " changed it ", when(change.time), ` (revision ${change.revision}).`];
    const shown = conflict(compared(tidied(base), now, mine), now, lead, (together) => {
      if (editor.yaml === null && same(mine, editor.mine)) return editor.goesOn(now, change.revision, together);
      toast("You typed on: look again"); // nothing of it is lost
      void meets(editor);
    });
    fill(editor.torn, shown.element);
    shown.heading.focus();
  } catch (error) {
    fill(editor.problems, refused(error));
  }
}

/**
 * @param {Editor} editor
 * @param {string} name
 * @param {Change | null} change
 */
function gone(editor, name, change) {
  const again = async () => (await editor.ready()) && editor.goesOn(null, 0, { ...editor.model, name });
  const heading = h("h2", { tabindex: -1 }, "It was deleted meanwhile");
  const ways = [h("button", { type: "button", class: "primary", onclick: again }, "Create it again, as typed…"), h("a", { href: editor.app.to("templates", name, "history") }, "Its history")];
  fill(editor.torn, h("section", { class: "conflict" }, heading, h("p", {}, change?.by ? `${who(change.by)} deleted it. ` : "", "What you typed stays here."), h("p", { class: "actions" }, ways)));
  heading.focus();
}
