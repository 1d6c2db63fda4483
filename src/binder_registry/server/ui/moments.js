/** What a template was at a revision, and how its writes are guarded. */

import { path } from "./api.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./types.js").Change} Change */
/** @typedef {import("./types.js").Template} Template */

/**
 * @typedef {{ changes: Change[], more: boolean, revision: number }} Page newest first; `revision` is the registry's
 */

/**
 * @param {Api} api
 * @param {string} name
 * @param {{ before?: number, since?: number, limit?: number }} [span] both exclusive
 * @returns {Promise<Page>}
 */
export async function changesOf(api, name, span = {}) {
  const query = new URLSearchParams(Object.entries(span).map(([key, value]) => [key, String(value)]));
  const { body, headers } = await api.ask(`${path("templates", name)}/changes?${query}`);
  return { changes: body.changes, more: headers.has("link"), revision: Number(headers.get("registry-revision")) };
}

/**
 * @param {Api} api
 * @param {string} name
 * @param {number} [revision] of the registry; else now
 * @returns {Promise<{ change: Change | null, newest: number }>} null: it was not there yet
 */
export async function momentOf(api, name, revision) {
  const span = revision === undefined ? {} : { before: revision + 1 };
  const { changes, revision: newest } = await changesOf(api, name, { ...span, limit: 1 });
  return { change: changes[0] ?? null, newest };
}

/**
 * @param {Change | null} change
 * @returns {Template | null} null where it was deleted, or what it was is purged
 */
export function living(change) {
  return change?.template && !isDeleted(change) ? numbered(change) : null;
}

/**
 * As `view=full` has it.
 * @param {Change} change
 * @returns {Template}
 */
export function numbered(change) {
  return { .../** @type {Template} */ (change.template), revision: change.revision };
}

/** @param {Change & { deleted?: boolean }} change */
export function isDeleted(change) {
  return Boolean(change.deleted);
}

/**
 * @param {number} revision that it was decided on
 * @param {string} [note]
 * @returns {Record<string, string>} headers of a write
 */
export function guarded(revision, note = "") {
  const whole = new TextDecoder().decode(new TextEncoder().encode(note.trim())); // half a character would throw
  return { "If-Match": String(revision), ...(whole && { "Registry-Note": encodeURIComponent(whole) }) };
}

/**
 * @param {string | null} text of an address
 * @returns {number | null} null where it is no revision
 */
export function revisionOf(text) {
  return text !== null && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
}
