/** What two people made of one template, put together; and what changed, as a merge patch says it. Pure. */

import { KEPT } from "./differences.js";
import { isObject } from "./form-values.js";

/** @typedef {{ path: string[], base: any, theirs: any, mine: any, conflict: boolean }} Row undefined: it is not there */

/** What a patch replaces as a whole: a null in it is a value. */
const WHOLE = new Set(["overrides"]);

/**
 * What people wrote of a template: what is empty says nothing.
 * @param {Record<string, any>} template
 * @returns {Record<string, any>} another object, all through
 */
export function tidied(template) {
  const said = Object.entries(template).filter(([member, value]) => !KEPT.has(member) && !isEmpty(value));
  return structuredClone(Object.fromEntries(said));
}

/**
 * @param {any} one
 * @param {any} other
 * @returns {boolean} whether they say the same, in whatever order
 */
export function same(one, other) {
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => same(item, other[at]));
  if (!isObject(one) || !isObject(other)) return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]));
}

/**
 * All that somebody changed, member by member; lists whose items keep their names and order, item by item.
 * @param {any} base
 * @param {any} theirs
 * @param {any} mine
 * @param {string[]} [path]
 * @returns {Row[]}
 */
export function compared(base, theirs, mine, path = []) {
  if (same(base, theirs) && same(base, mine)) return [];
  const inner = [base ?? (path.length === 1 ? {} : base), theirs, mine];
  if (inner.every(isObject)) return named(inner).flatMap((name) => compared(own(inner[0], name), own(theirs, name), own(mine, name), [...path, name]));
  if (alike(base, theirs, mine)) return base.flatMap((/** @type {any} */ item, /** @type {number} */ at) => compared(item, theirs[at], mine[at], [...path, item.name]));
  return [{ path, base, theirs, mine, conflict: !same(base, theirs) && !same(base, mine) && !same(theirs, mine) }];
}

/**
 * @param {any} theirs which is changed where mine is taken
 * @param {Row[]} rows
 * @param {(row: Row) => boolean} takesMine of those in conflict
 * @returns {any} another object
 */
export function merged(theirs, rows, takesMine) {
  const made = structuredClone(theirs);
  for (const row of rows) if (row.conflict ? takesMine(row) : same(row.base, row.theirs)) put(made, row.path, structuredClone(row.mine));
  return made;
}

/**
 * As RFC 7396 has it: null for what was cleared, and only what differs.
 * @param {Record<string, any>} before
 * @param {Record<string, any>} after
 * @returns {Record<string, any>}
 */
export function patchOf(before, after) {
  /** @type {[string, any][]} */
  const changes = [];
  for (const name of named([before, after])) {
    const [old, now] = [own(before, name), own(after, name)];
    if (same(old, now)) continue;
    if (now === undefined) changes.push([name, null]);
    else if (isObject(old) && isObject(now) && !WHOLE.has(name)) changes.push([name, membersOf(old, now)]);
    else changes.push([name, now]);
  }
  return Object.fromEntries(changes);
}

/**
 * One level down: there are no objects below it.
 * @param {Record<string, any>} old
 * @param {Record<string, any>} now
 */
function membersOf(old, now) {
  const differ = named([old, now]).filter((name) => !same(own(old, name), own(now, name)));
  return Object.fromEntries(differ.map((name) => [name, own(now, name) ?? null]));
}

/** @param {Record<string, any>[]} objects */
function named(objects) {
  return [...new Set(objects.flatMap(Object.keys))];
}

/**
 * @param {any} value
 * @param {string} name
 */
function own(value, name) {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** @param {...any} lists */
function alike(...lists) {
  const names = lists.map((list) => (Array.isArray(list) && list.length && list.every((item) => typeof item?.name === "string") ? JSON.stringify(list.map((item) => item.name)) : null));
  return names[0] !== null && names.every((one) => one === names[0]) && new Set(lists[0].map((/** @type {any} */ item) => item.name)).size === lists[0].length;
}

/**
 * @param {any} into
 * @param {string[]} path
 * @param {any} value undefined: it is taken away
 */
function put(into, path, value) {
  const [name, ...rest] = path;
  const at = Array.isArray(into) ? into.findIndex((item) => item.name === name) : name;
  if (rest.length) {
    if (!Object.hasOwn(into, at)) define(into, at, {});
    return put(into[at], rest, value);
  }
  if (value === undefined) delete into[at];
  else define(into, at, value);
}

/**
 * Also where it is called as what every object has.
 * @param {any} into
 * @param {string | number} at
 * @param {any} value
 */
function define(into, at, value) {
  Object.defineProperty(into, at, { value, enumerable: true, configurable: true, writable: true });
}

/** @param {any} value */
function isEmpty(value) {
  return value === undefined || value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
}
