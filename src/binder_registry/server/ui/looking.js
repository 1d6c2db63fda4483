/** What an address asks to see of a template: now, `?revision=N`, or `?channel=stable`. */

import { path } from "./api.js";
import { isDeleted, momentOf, numbered, revisionOf } from "./moments.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./types.js").Template} Template */
/** @typedef {import("./types.js").Change} Change */
/**
 * What is looked at: `now` is the newest change, `then` the one that wrote what is `shown`.
 * @typedef {{ now: Change, then: Change, shown: Template, newest: number, revision?: number, channel?: string }} Look
 */

/**
 * @param {App} app
 * @param {string} name
 * @param {URLSearchParams} query
 * @returns {Promise<Look | string>} or why there is nothing to see. Raises `Refusal`.
 */
export async function look(app, name, query) {
  const { change: now, newest } = await momentOf(app.api, name);
  if (!now?.template) return "What it was is not there any more.";
  const [asked, channel] = [query.get("revision"), query.get("channel")];
  if (asked !== null) {
    const revision = revisionOf(asked);
    if (revision === null) return `“${asked.slice(0, 40)}” is no revision: it is a whole number.`;
    if (revision > newest) return `There is no revision ${revision} yet: the newest is ${newest}.`;
    const { change: then } = await momentOf(app.api, name, revision);
    if (!then) return `It was not there yet at revision ${revision}.`;
    if (!then.template) return `What it was at revision ${revision} was purged.`;
    return { now, then, shown: numbered(then), newest, revision };
  }
  const shown = numbered(now);
  if (channel === null || channel === "latest" || isDeleted(now)) return { now, then: now, shown, newest };
  const points = Object.hasOwn(shown.channels ?? {}, channel) ? shown.channels[channel] : null;
  if (!points) return `It is not in the channel “${channel.slice(0, 63)}”.`;
  const [{ body }, { change: then }] = await Promise.all([
    app.api.ask(`${path("templates", name)}?${new URLSearchParams({ channel })}`),
    momentOf(app.api, name, points.revision),
  ]);
  return { now, then: then ?? now, shown: body, newest, channel };
}
