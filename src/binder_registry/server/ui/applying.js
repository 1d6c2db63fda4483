/** A file planned and applied: what was shown is what happens, or it is shown again. */

import { Refusal } from "./api.js";
import { isInexact } from "./form-values.js";
import { sourceOf, stillHolds } from "./planning.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./planning.js").Step} Step */
/** @typedef {import("./planning.js").Lost} Lost */
/** @typedef {import("./planning.js").Problem} Problem */
/** @typedef {import("./types.js").Template} Template */
/**
 * @typedef {{ text: string, hub: boolean, at: string, prune: string | null, allowEmpty: boolean }} Wanted `prune`: a selector, "*" for all, null for none
 * @typedef {{ wanted: Wanted, steps: Step[], lost: Lost[], position: string, templates: Map<string, Template> }} Plan `position`: of the registry for which it holds;
 *   `templates`: as they would be
 */

const YAML = "application/yaml";
const YAML_BYTES = 1 << 20; // that the server reads; of JSON it reads more
const TURNS = 3; // that others may write elsewhere in between
const PAGE = 1000;

/** The file breaks rules: where, and which. */
export class Problems extends Error {
  /** @param {Problem[]} problems */
  constructor(problems) {
    super("The file breaks rules.");
    this.problems = problems;
  }
}

/**
 * Raises `Refusal`, `Problems`.
 * @param {Api} api
 * @param {Wanted} wanted
 * @returns {Promise<Plan>}
 */
export async function planned(api, wanted) {
  const sent = request(wanted);
  const templates = await read(api, wanted);
  const { body, headers } = await sent(api, true, {});
  return {
    wanted,
    steps: body.plan,
    lost: body.lost ?? [],
    position: headers.get("etag") ?? "",
    templates: new Map(templates.filter((one) => typeof one?.name === "string").map((one) => [one.name, one])),
  };
}

/**
 * Raises `Refusal`.
 * @param {Api} api
 * @param {Plan} plan that was seen
 * @param {string} note
 * @returns {Promise<{ done: Step[] } | { again: Plan }>} `again`: somebody wrote meanwhile what changes the plan; nothing was done
 */
export async function applied(api, plan, note) {
  let current = plan;
  for (let turn = 0; ; turn++) {
    /** @type {Record<string, string>} */
    const headers = { "If-Match": current.position, ...(note && { "Registry-Note": encodeURIComponent(note) }) };
    try {
      const { body } = await request(plan.wanted)(api, false, headers);
      return { done: body.plan };
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 412)) throw error;
    }
    const next = await planned(api, plan.wanted);
    const changed = await written(api, current.position);
    if (turn >= TURNS || !changed || !stillHolds(plan.steps, next.steps, changed)) return { again: next };
    current = next;
  }
}

/**
 * @param {Wanted} wanted
 * @returns {(api: Api, dry: boolean, headers: Record<string, string>) => Promise<import("./api.js").Answered>}
 */
function request(wanted) {
  const { whole, list } = asJson(wanted);
  if (whole || list) {
    const own = whole ?? { templates: list, ...(wanted.prune !== null && { prune: wanted.prune, "allow-empty": wanted.allowEmpty }) };
    return (api, dry, headers) => api.ask("/apply", { method: "POST", body: { ...own, "dry-run": dry }, headers });
  }
  const query = parameters(wanted);
  if (wanted.prune !== null) query.set("prune", wanted.prune);
  if (wanted.prune !== null && wanted.allowEmpty) query.set("allow-empty", "true");
  return (api, dry, headers) => {
    const asked = new URLSearchParams([...query, ...(dry ? [["dry-run", "true"]] : [])]);
    return api.ask(`/apply?${asked}`, { method: "POST", body: wanted.text, type: YAML, headers });
  };
}

/**
 * The templates that are wanted, as the server reads them.
 * @param {Api} api
 * @param {Wanted} wanted
 * @returns {Promise<Template[]>}
 */
async function read(api, wanted) {
  const { whole, list } = asJson(wanted);
  if (isInexact(whole ?? list)) throw new Problems([{ field: "", message: "It holds a whole number above 2⁵³, which a browser would round: apply it with the command line, or as YAML." }]);
  if (whole) return Array.isArray(whole.templates) ? whole.templates : [];
  if (list) return list;
  const { body } = await api.ask(`/documents?${parameters(wanted)}`, { method: "POST", body: wanted.text, type: YAML, headers: { Accept: "application/json" } });
  if (body.problems.length) throw new Problems(body.problems);
  return body.templates;
}

/** @param {Wanted} wanted */
function parameters({ hub, at }) {
  return new URLSearchParams(hub ? { format: "z2jh", ...(at && { at }) } : {});
}

/**
 * A request, and what is too long for YAML, go as JSON; all else as the documents that it is.
 * @param {Wanted} wanted
 */
function asJson({ text, hub }) {
  const none = { whole: null, list: null };
  if (hub) return none;
  const source = sourceOf(text);
  return source.whole || new Blob([text]).size > YAML_BYTES ? source : none;
}

/**
 * Which templates were written since a position; null where that is not known.
 * @param {Api} api
 * @param {string} position
 * @returns {Promise<string[] | null>}
 */
async function written(api, position) {
  try {
    const since = position.replaceAll('"', "");
    const { body } = await api.ask(`/changes?since=${since}&limit=${PAGE}`);
    return body.changes.length < PAGE ? body.changes.map((/** @type {{ name: string }} */ one) => one.name) : null;
  } catch {
    return null;
  }
}
