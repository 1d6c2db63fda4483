/** What `GET /view` says of one template. Pure. */

/** @typedef {{ name: string, option: string, choice: string, rule: string, needs: string }} Hidden */
/** @typedef {{ user: string | null, groups: string[], "groups-from"?: string, offered: import("./types.js").Template[], hidden?: Hidden[] }} View */
/** @typedef {{ offered: string[], whole: Hidden | null, choices: Hidden[], asked: string, explained: boolean, partly: boolean }} Offering `offered`:
 *   under which names; `whole`: why not at all; `choices`: what of it is not; `asked`: of whom */

const MOST_LABELS = 16; // of one question

const MOST_GROUPS = 64;

/**
 * A question that as few other templates as possible answer to: by all labels of this one. Who may ask for others asks
 * for those whom it is for: what is hidden of it then, the hub hides, and not the groups.
 * @param {import("./types.js").Template} template
 * @param {{ explain: boolean, channel?: string | null }} how
 * @returns {URLSearchParams}
 */
export function narrowed(template, { explain, channel }) {
  const query = new URLSearchParams(explain ? { explain: "true" } : {});
  for (const [key, value] of Object.entries(template.labels ?? {}).slice(0, MOST_LABELS)) query.append("label", value ? `${key}=${value}` : key);
  if (channel) query.set("channel", channel);
  if (explain) for (const group of groupsOf(template).slice(0, MOST_GROUPS)) query.append("group", group);
  return query;
}

/**
 * @param {import("./types.js").Template} template
 * @returns {string[]} all that it names
 */
function groupsOf(template) {
  const parts = (template.options ?? []).flatMap((/** @type {import("./types.js").Option} */ one) => [...(one.choices ?? []), one["free-text"] ?? {}]);
  return [...new Set([template, ...parts].flatMap((part) => part["allowed-groups"] ?? []))];
}

/**
 * @param {View} view
 * @param {string} name
 * @returns {Offering}
 */
export function offeringOf(view, name) {
  const names = view.offered.map((one) => one.name).filter((one) => one === name || one.startsWith(`${name}/`)); // no name holds a slash
  const hidden = (view.hidden ?? []).filter((one) => one.name === name);
  return {
    offered: names,
    whole: names.includes(name) ? null : (hidden.find((one) => !one.option) ?? hidden[0] ?? null),
    choices: hidden.filter((one) => one.option),
    asked: whom(view),
    explained: Boolean(view.hidden),
    partly: Boolean(view["groups-from"]),
  };
}

/** @param {View} view */
function whom({ user, groups }) {
  if (user === null) return groups.length ? `a member of ${groups.join(", ")}` : "everyone";
  return groups.length ? `${user}, who is in ${groups.join(", ")}` : user;
}
