/** Pointing a channel elsewhere, with what would change for those who are on it; and ending it. */

import { path, Refusal } from "../api.js";
import { h } from "../dom.js";
import { ago, who } from "../format.js";
import { changesOf, guarded, living, momentOf } from "../moments.js";
import { contentRevision, isContent, pointedBefore, underToday } from "../promotions.js";
import { ask, toast } from "./dialog.js";
import { difference } from "./difference.js";
import { noteField, written } from "./noting.js";
import { refused } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../types.js").Change} Change */

const PAGES = 10; // of a history that are looked through for where a channel pointed
const PAGE = 100;
const CHANNEL = "[a-z][a-z0-9\\-]{0,62}";

/**
 * @param {App} app
 * @param {Template} template as it is now
 * @param {{ channel?: string, revision?: number }} which channel; none: it is asked for. `revision` is preselected.
 * @param {() => void} lookAgain
 */
export async function promote(app, template, { channel, revision }, lookAgain) {
  const { changes } = await changesOf(app.api, template.name, { limit: PAGE });
  const contents = changes.filter(isContent);
  const wanted = revision ?? contentRevision(template);
  const rows = [...new Set([contentRevision(template), wanted, ...contents.map((one) => one.revision)])];
  await point(app, template, {
    title: channel ? `Promote to ${channel}` : "Promote to a channel",
    action: "Promote",
    channel,
    revision: wanted,
    rows: titled(rows, changes, contentRevision(template)),
    lookAgain,
  });
}

/**
 * @param {App} app
 * @param {Template} template as it is now
 * @param {string} channel
 * @param {() => void} lookAgain
 */
export async function rollBack(app, template, channel, lookAgain) {
  const now = template.channels[channel].revision;
  /** @type {Change[]} */
  const seen = [];
  for (let page = 0, before; page < PAGES; page++) {
    const found = await changesOf(app.api, template.name, { limit: PAGE, ...(before && { before }) });
    seen.push(...found.changes);
    if (!found.more || pointedBefore(seen, channel, now).length) break;
    before = seen[seen.length - 1].revision;
  }
  const rows = pointedBefore(seen, channel, now);
  if (!rows.length) return toast(`${channel} has not pointed elsewhere before: promote another revision`);
  const titles = titled(rows, seen, contentRevision(template));
  await point(app, template, { title: `Roll back ${channel}`, action: "Roll back", channel, revision: rows[0], rows: titles, lookAgain });
}

/**
 * @param {App} app
 * @param {Template} template as it is now
 * @param {string} channel
 * @param {() => void} lookAgain
 */
export async function end(app, template, channel, lookAgain) {
  const note = noteField();
  const said = `Nobody is on ${channel} any more: whoever asks for it is told that there is none. The revisions stay.`;
  const done = await ask(`End the channel ${channel}`, [h("p", {}, said), note.element], {
    action: "End it",
    danger: true,
    act: () => written(() => app.api.ask(path("templates", template.name, "channels", channel), { method: "DELETE", headers: guarded(template.revision, note.value()) }), lookAgain),
  });
  if (done) toast(`The channel ${channel} of ${template.name} is ended`);
}

/**
 * @param {App} app
 * @param {Template} template
 * @param {{ title: string, action: string, channel?: string, revision: number, rows: [number, string][], lookAgain: () => void }} what
 */
async function point(app, template, what) {
  const note = noteField();
  const menu = h("select", { id: "asked-revision" }, what.rows.map(([revision, title]) => h("option", { value: String(revision) }, title)));
  menu.value = String(what.revision);
  const name = h("input", { id: "asked-channel", type: "text", required: true, pattern: CHANNEL, autocomplete: "off", spellcheck: "false", value: what.channel ?? "", list: "asked-channels" });
  const known = h("datalist", { id: "asked-channels" }, Object.keys(template.channels ?? {}).map((one) => h("option", { value: one })));
  const preview = h("div", { class: "preview", "aria-live": "polite" });
  const channelIs = () => what.channel ?? name.value.trim();
  let turn = 0;
  async function look() {
    const mine = ++turn;
    const shown = await previewed(app, template, channelIs(), Number(menu.value));
    if (mine === turn) preview.replaceChildren(shown);
  }
  menu.addEventListener("change", look);
  name.addEventListener("change", look);
  void look();
  const content = [
    what.channel ? null : h("div", { class: "field" }, h("label", { for: name.id }, "Channel"), name, known, h("p", { class: "help" }, "A lower-case letter, then lower-case letters, digits and “-”, such as stable.")),
    h("div", { class: "field" }, h("label", { for: menu.id }, "Revision"), menu),
    h("h3", {}, "What changes for those on it"),
    preview,
    note.element,
  ];
  const done = await ask(what.title, content, {
    action: what.action,
    act: () =>
      written(
        () =>
          app.api.ask(path("templates", template.name, "channels", channelIs()), {
            method: "PUT",
            body: { revision: Number(menu.value) },
            headers: guarded(template.revision, note.value()),
          }),
        what.lookAgain,
      ),
  });
  if (done) toast(`${channelIs()} of ${template.name} is at revision ${menu.value}`);
}

/**
 * @param {App} app
 * @param {Template} template
 * @param {string} channel
 * @param {number} revision
 * @returns {Promise<HTMLElement>}
 */
async function previewed(app, template, channel, revision) {
  const now = template.channels?.[channel]?.revision;
  try {
    const [before, after] = await Promise.all([now ? content(app, template, now) : null, content(app, template, revision)]);
    if (!now) return h("p", { class: "quiet" }, `Nobody is on it yet: it begins at revision ${revision}.`);
    if (now === revision) return h("p", { class: "quiet" }, `It is at revision ${revision} already.`);
    return difference(before, after, { before: `Revision ${now}`, after: `Revision ${revision}` });
  } catch (error) {
    return refused(error);
  }
}

/**
 * @param {App} app
 * @param {Template} template
 * @param {number} revision
 */
async function content(app, template, revision) {
  const { change } = await momentOf(app.api, template.name, revision);
  const then = living(change);
  if (!then) throw new Refusal(410, "revision_purged", `What revision ${revision} was is not there any more.`);
  return underToday(then, template);
}

/**
 * @param {number[]} revisions
 * @param {Change[]} changes where they were written, as far as they are known
 * @param {number} newest
 * @returns {[number, string][]}
 */
function titled(revisions, changes, newest) {
  const known = new Map(changes.map((change) => [change.revision, change]));
  return revisions.map((revision) => {
    const change = known.get(revision);
    const parts = change ? [ago(new Date(change.time), new Date()), change.by && who(change.by), change.note?.slice(0, 60)] : [];
    return [revision, [`Revision ${revision}`, revision === newest && "the newest", ...parts].filter(Boolean).join(" · ")];
  });
}
