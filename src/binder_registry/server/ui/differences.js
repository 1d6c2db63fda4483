/** What differs between two states of a template, member by member. Pure. */

/** @typedef {import("./types.js").Json} Json */
/** @typedef {{ member: string, before: Json | undefined, after: Json | undefined }} Difference undefined: it is not there */

/** Kept by the registry: nobody wrote them. */
export const KEPT = new Set(["time-created", "time-modified", "uses", "revision", "channels", "content-revision", "deleted"]);

/** Left out of a path: `options.size.large.limits.memory`. */
const IN_THEIR_PLACE = new Set(["set", "choices"]);

/**
 * @param {Record<string, any> | null} before
 * @param {Record<string, any> | null} after
 * @returns {Difference[]} in the order of the members
 */
export function differences(before, after) {
  const [olds, news] = [leaves(before ?? {}), leaves(after ?? {})];
  return [...new Set([...olds.keys(), ...news.keys()])]
    .filter((path) => JSON.stringify(olds.get(path)) !== JSON.stringify(news.get(path)))
    .map((member) => ({ member, before: olds.get(member), after: news.get(member) }));
}

/**
 * Everything that a template says, by path. A list of what has names is told by them, and keeps their order.
 * @param {Record<string, any>} template
 * @returns {Map<string, Json>}
 */
export function leaves(template) {
  /** @type {Map<string, Json>} */
  const found = new Map();
  for (const [member, value] of Object.entries(template)) if (!KEPT.has(member)) collect(found, member, value);
  return found;
}

/**
 * @param {Map<string, Json>} found
 * @param {string} path
 * @param {any} value
 */
function collect(found, path, value) {
  if (Array.isArray(value) && value.length && value.every((one) => typeof one?.name === "string")) {
    found.set(path, value.map((one) => one.name));
    for (const { name, ...rest } of value) collect(found, `${path}.${name}`, rest);
  } else if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [member, inner] of Object.entries(value)) collect(found, IN_THEIR_PLACE.has(member) ? path : `${path}.${member}`, inner);
  } else found.set(path, value);
}
