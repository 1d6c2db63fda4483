/** Taking a template out of service: for now, or for good. */

import { path } from "../api.js";
import { h } from "../dom.js";
import { guarded } from "../moments.js";
import { ask, toast } from "./dialog.js";
import { noteField, written } from "./noting.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */

/**
 * @param {App} app
 * @param {Template} template as it is now
 * @param {() => void} lookAgain
 */
export async function remove(app, template, lookAgain) {
  const note = noteField();
  const others = [...app.catalogue.templates.keys()].filter((name) => name !== template.name);
  const input = h("input", { id: "asked-successor", type: "text", list: "asked-names", autocomplete: "off", spellcheck: "false", dir: "auto" });
  const names = h("datalist", { id: "asked-names" }, others.slice(0, 1000).map((name) => h("option", { value: name })));
  const channels = Object.keys(template.channels ?? {});
  const content = [
    h("p", {}, "Hubs stop offering it. Its history stays, and it can be restored.", channels.length ? ` Its channels (${channels.join(", ")}) end, and a restore brings none back.` : ""),
    h("div", { class: "field" }, h("label", { for: input.id }, "Replaced by"), input, names, h("p", { class: "help" }, "The template that takes its place, for those who chose this one; none where it is empty.")),
    note.element,
  ];
  const done = await ask(`Delete ${template.name}`, content, {
    action: "Delete it",
    danger: true,
    act: () => {
      const query = input.value.trim() ? `?${new URLSearchParams({ "replaced-by": input.value.trim() })}` : "";
      return written(() => app.api.ask(path("templates", template.name) + query, { method: "DELETE", headers: guarded(template.revision, note.value()) }), lookAgain);
    },
  });
  if (done) toast(`${template.name} is deleted`);
}

/**
 * Pauses what is not paused, and ends a pause.
 * @param {App} app
 * @param {Template} template as it is now
 * @param {() => void} lookAgain
 */
export async function pause(app, template, lookAgain) {
  const note = noteField();
  const ends = Boolean(template.paused);
  const why = h("textarea", { id: "asked-why", rows: 3, required: true, maxlength: 10_000, dir: "auto" });
  const content = ends
    ? [h("p", {}, "Hubs offer it again."), note.element]
    : [h("p", {}, "Hubs neither show nor start it. Everything else is kept."), h("div", { class: "field" }, h("label", { for: why.id }, "Why it is out of service"), why), note.element];
  const title = `${ends ? "End the pause of" : "Pause"} ${template.name}`;
  const done = await ask(title, content, {
    action: ends ? "Offer it again" : "Pause it",
    act: () =>
      written(
        () => app.api.ask(path("templates", template.name), { method: "PATCH", body: { paused: ends ? null : why.value.trim() }, headers: guarded(template.revision, note.value()) }),
        lookAgain,
      ),
  });
  if (done) toast(ends ? `${template.name} is offered again` : `${template.name} is paused`);
}
