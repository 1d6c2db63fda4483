/** What was typed is written, after a look at what differs; where it is not, that is said where it helps. */

import { Refusal } from "../api.js";
import { inexact, save } from "../editing.js";
import { fill, h } from "../dom.js";
import { problemsIn } from "../form-values.js";
import { perField } from "../hinting.js";
import { same, tidied } from "../merging.js";
import { ask, toast } from "./dialog.js";
import { difference } from "./difference.js";
import { meets } from "./meeting.js";
import { noteField } from "./noting.js";
import { entrance, refused } from "./states.js";

/** @typedef {import("./editor.js").Editor} Editor */

const OF_THE_FORM = new Set([400, 404, 409, 412, 422]); // what the form, and not the dialog, can answer

/** @param {Editor} editor */
export async function saves(editor) {
  if (!(await editor.ready())) return;
  editor.form.clear();
  fill(editor.problems);
  const { app, base, revision, mine } = editor;
  const typed = problemsIn(editor.fields, editor.model);
  const problems = typed.length ? typed : inexact(base, mine);
  if (problems.length) return editor.showsProblems(problems);
  if (base && same(tidied(base), mine)) return toast("Nothing is changed yet");
  const note = noteField();
  /** @type {Refusal | null} */
  let failed = null;
  const done = await ask(base ? "Save this?" : "Create this?", [difference(base, mine), note.element], {
    action: base ? "Save" : "Create",
    act: async () => {
      try {
        await save(app.api, { base, revision, mine }, note.value());
      } catch (error) {
        if (!(error instanceof Refusal && OF_THE_FORM.has(error.status))) return cannot(editor, error);
        failed = error;
      }
    },
  });
  if (!done) return;
  if (failed) return wasRefused(editor, failed);
  editor.ends();
  editor.drafts.drop(editor.what);
  await app.go(app.to("templates", mine.name), { replace: true });
  toast(`${mine["display-name"] || mine.name} is ${base ? "saved" : "there"}`);
}

/**
 * In the dialog, which stays: it may be tried again.
 * @param {Editor} editor
 * @param {unknown} error
 */
function cannot(editor, error) {
  editor.keep();
  if (!(error instanceof Refusal && (error.status === 401 || error.status === 403))) return [refused(error), h("p", {}, "What you typed stays here.")];
  const login = h("a", { class: "button", href: entrance(editor.app) }, "Log in");
  login.addEventListener("click", () => {
    login.closest("dialog")?.close();
    editor.keep();
    editor.ends();
    if (error.status === 401) Object.assign(editor.app, { holder: null }).api.token = ""; // it is known no more
  });
  return [refused(error), h("p", {}, "What you typed stays as a draft, and is here again after you logged in. ", login)];
}

/**
 * @param {Editor} editor
 * @param {Refusal} error
 */
function wasRefused(editor, error) {
  if (editor.base && (error.status === 412 || error.status === 404)) return meets(editor);
  if (error.status === 409) return editor.showsProblems([{ field: "name", message: "There is one of this name already." }]);
  if (error.hints.length) return editor.showsProblems(perField(error));
  fill(editor.problems, refused(error));
}
