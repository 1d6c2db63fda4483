/** What the edit page asks of the registry. */

import { path, Refusal } from "./api.js";
import { asTyped, isInexact } from "./form-values.js";
import { patchOf } from "./merging.js";
import { guarded } from "./moments.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {Record<string, any>} Model */
/** @typedef {{ field: string, message: string, line?: number }} Problem */

/**
 * What would be written as another number than people wrote.
 * @param {Model | null} base
 * @param {Model} mine
 * @returns {Problem[]}
 */
export function inexact(base, mine) {
  const changed = Object.entries(patchOf(base ?? {}, mine)).filter(([, value]) => isInexact(value));
  return changed.map(([field]) => ({ field, message: "It holds a whole number above 2⁵³, which a browser would round: change it with the command line, or write it as a text." }));
}

/**
 * Guarded by what was read. Raises `Refusal`.
 * @param {Api} api
 * @param {{ base: Model | null, revision: number, mine: Model }} what `base` null: a new one
 * @param {string} note
 */
export function save(api, { base, revision, mine }, note) {
  const { "If-Match": match, ...headers } = guarded(revision, note);
  if (!base) return api.ask("/templates", { method: "POST", body: mine, headers });
  return api.ask(path("templates", base.name), { method: "PATCH", body: patchOf(base, mine), headers: { "If-Match": match, ...headers } });
}

/**
 * @param {Api} api
 * @param {Model} model
 * @returns {Promise<string>}
 */
export async function yamlOf(api, model) {
  const { body } = await api.ask("/documents", { method: "POST", body: asTyped(model), headers: { Accept: "application/yaml" } });
  return String(body);
}

/**
 * @param {Api} api
 * @param {string} text
 * @returns {Promise<{ model: Model | null, problems: Problem[] }>} null: it cannot be read at all
 */
export async function readYaml(api, text) {
  try {
    const { body } = await api.ask("/documents", { method: "POST", type: "application/yaml", body: text });
    const { templates, problems } = body;
    if (templates.length !== 1) return { model: null, problems: [{ field: "", message: templates.length ? `There are ${templates.length} templates in it: this page is for one.` : "There is no template in it." }] };
    const own = problems.map((/** @type {Problem} */ one) => ({ ...one, field: one.field.replace(/^templates\[0\]\.?/, "") }));
    return { model: templates[0], problems: own };
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 400)) throw error;
    const line = Number(/line (\d+)/.exec(error.message)?.[1]);
    return { model: null, problems: [{ field: "", message: error.message.replace(/^body,? ?/, ""), ...(line ? { line } : {}) }] };
  }
}
