/** What a channel shows, and where it has pointed. Pure. */

/** @typedef {import("./types.js").Change} Change */
/** @typedef {import("./types.js").Template} Template */
/** @typedef {import("./types.js").Option} Option */

/** Of today in every channel. */
const OF_TODAY = ["allowed-groups", "deprecated", "replaced-by", "paused"];
const WRITES = new Set(["created", "updated", "restored"]);

/**
 * Whether a change wrote a content that a channel can point at.
 * @param {Change} change
 */
export function isContent(change) {
  return WRITES.has(change.action) && Boolean(change.template);
}

/**
 * The change that wrote what the template is now.
 * @param {Template} template
 * @returns {number}
 */
export function contentRevision(template) {
  return template["content-revision"] || template.revision;
}

/**
 * What a reader of a channel sees of a past content: who may have it is today's.
 * @param {Record<string, any>} past
 * @param {Record<string, any>} today
 * @returns {Record<string, any>}
 */
export function underToday(past, today) {
  const shown = Object.fromEntries(Object.entries(past).filter(([member]) => !OF_TODAY.includes(member)));
  for (const member of OF_TODAY) if (member in today) shown[member] = today[member];
  if (!past.options) return shown;
  const options = new Map((today.options ?? []).map((/** @type {Option} */ one) => [one.name, one]));
  return { ...shown, options: past.options.map((/** @type {any} */ one) => optionToday(one, options.get(one.name))) };
}

/**
 * @param {any} past
 * @param {any} today
 */
function optionToday(past, today) {
  if (!today) return past;
  const choices = new Map((today.choices ?? []).map((/** @type {any} */ one) => [one.name, one]));
  const option = { ...past };
  if (past.choices) option.choices = past.choices.map((/** @type {any} */ one) => groupsOf(one, choices.get(one.name)));
  if (past["free-text"]) option["free-text"] = groupsOf(past["free-text"], today["free-text"]);
  return option;
}

/**
 * @param {Record<string, any>} past
 * @param {Record<string, any> | undefined} today
 */
function groupsOf(past, today) {
  if (!today) return past;
  const rest = Object.fromEntries(Object.entries(past).filter(([member]) => member !== "allowed-groups"));
  return today["allowed-groups"] ? { ...rest, "allowed-groups": today["allowed-groups"] } : rest;
}

/**
 * Where a channel pointed before, the newest first.
 * @param {Change[]} changes newest first
 * @param {string} channel
 * @param {number} now
 * @returns {number[]} each once, without where it points now
 */
export function pointedBefore(changes, channel, now) {
  const found = changes
    .map((change) => change.promoted)
    .filter((promoted) => promoted?.channel === channel)
    .flatMap((promoted) => (promoted ? [promoted.to, promoted.from] : []));
  return [...new Set(found)].filter((revision) => revision && revision !== now);
}
