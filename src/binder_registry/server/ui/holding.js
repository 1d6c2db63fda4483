/** Who holds a token, and what it may do, in words; and where a login leads. Pure. */

/** @typedef {import("./types.js").Holder} Holder */

/** Each scope, and what it allows. The order is the one they are told in. */
export const SCOPES = /** @type {[string, string][]} */ ([
  ["read", "read, where reads are protected"],
  ["write", "publish, change and delete"],
  ["promote", "point channels at revisions"],
  ["tokens", "make tokens that may do no more than this one"],
  ["admin", "purge, see all tokens, the audit, and what others may start"],
  ["metrics", "read what the server counts"],
]);

/**
 * @param {string[]} scopes
 * @returns {[string, string][]} those that are held, with what they allow; unknown ones by their name alone
 */
export function rights(scopes) {
  const known = SCOPES.filter(([scope]) => scopes.includes(scope));
  const others = scopes.filter((scope) => !SCOPES.some(([name]) => name === scope));
  return [...known, ...others.map((scope) => /** @type {[string, string]} */ ([scope, ""]))];
}

/**
 * @param {string[]} globs
 * @param {string} labels a selector
 * @returns {string} "templates named scipy* or r-*, with course=physics"
 */
export function reached(globs, labels) {
  const named = globs.length ? `templates named ${globs.join(" or ")}` : "";
  const labelled = labels ? `with ${labels.split(",").join(" and ")}` : "";
  if (!named && !labelled) return "every template";
  return named && labelled ? `${named}, ${labelled}` : named || `templates ${labelled}`;
}

/**
 * A holder reaches what all of its line reach: each its own globs and selector.
 * @param {Holder["reach"]} reach
 */
export function reachOf(reach) {
  const globs = reach.templates.filter((one) => one.length);
  const names = globs.map((one) => `templates named ${one.join(" or ")}`).join(", and also among ");
  const labels = reach.labels.filter((one) => one).join(",");
  if (!names) return reached([], labels);
  return labels ? `${names}, ${reached([], labels).replace("templates ", "")}` : names;
}

/**
 * Where a login leads: to a page of ours, and nowhere else.
 * @param {string | null} next
 * @param {string} base of our pages, "/ui/"
 * @param {string} origin
 */
export function landing(next, base, origin) {
  const address = addressed(next, origin);
  if (!address || address.origin !== origin || !address.pathname.startsWith(base)) return base;
  const ours = address.pathname !== `${base}login` && address.pathname !== `${base}enter`;
  return ours ? address.pathname + address.search : base;
}

/**
 * @param {string | null} next
 * @param {string} origin
 */
function addressed(next, origin) {
  try {
    return next ? new URL(next, origin) : null;
  } catch {
    return null;
  }
}
