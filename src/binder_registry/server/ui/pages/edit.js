/** A template changed, or a new one. Nothing that was typed is lost, and nothing of others is overwritten unseen. */

import { h } from "../dom.js";
import { Drafts } from "../drafts.js";
import { fieldsOf } from "../form-fields.js";
import { tidied } from "../merging.js";
import { living, momentOf } from "../moments.js";
import { Editor } from "../parts/editor.js";
import { empty, entrance } from "../parts/states.js";

/** @typedef {import("../app.js").App} App */

/** @type {import("../app.js").MakePage} */
export default async function edit(app, { name }, query) {
  const from = query.get("from");
  const title = name ? `Edit ${name}` : from ? `A copy of ${from}` : "A new environment";
  if (!app.may("write")) return { title, content: viewOnly(app, name) };
  const [{ body: description }, found] = await Promise.all([app.api.ask("/openapi.json"), name || from ? momentOf(app.api, name || String(from)) : null]);
  const change = found?.change ?? null;
  const template = living(change);
  const left = name && !template ? new Drafts(app.base).read(`edit:${name}`) : null; // what was typed before it was deleted
  if (found && !template && !left) return { title, content: empty("It is deleted, or what it was is not there any more.", h("a", { class: "button", href: app.to("templates", name || String(from), "history") }, "Its history"), " ", h("a", { href: app.base }, "All environments")) };
  if (name && template && !app.may("write", template)) return { title, content: viewOnly(app, name) };
  const fields = fieldsOf(description, "NewTemplate");
  const base = template ? tidied(template) : (left?.base ?? null);
  const editor = name && base ? new Editor(app, fields, { what: `edit:${name}`, base, revision: change?.revision ?? 0 }) : new Editor(app, fields, { what: left ? `edit:${name}` : `new:${from ?? ""}`, base: null, revision: 0, copied: base && without(base, "name", "default") });
  if (left?.base) editor.heardOf(change);
  const cancel = h("a", { class: "button", href: name || from ? app.to("templates", name || String(from)) : app.base }, "Cancel");
  return { title, content: editor.content, actions: cancel, leave: () => editor.leave(), close: () => editor.close() };
}

/**
 * @param {App} app
 * @param {string | undefined} name
 */
function viewOnly(app, name) {
  const why = app.holder ? "What you are logged in with may look at it, and not change it." : "Whoever changes an environment has to be logged in, and allowed to write.";
  const back = name ? h("a", { href: app.to("templates", name) }, "See it") : h("a", { href: app.base }, "All environments");
  return empty(why, h("a", { class: "button", href: entrance(app) }, "Log in"), " ", back);
}

/**
 * @param {Record<string, any>} model
 * @param {...string} members
 */
function without(model, ...members) {
  return Object.fromEntries(Object.entries(model).filter(([member]) => !members.includes(member)));
}
