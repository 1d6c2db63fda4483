/**
 * What the API answers, as far as the page reads it. /openapi.json is the whole description.
 *
 * @typedef {string | number | boolean | null | Json[] | { [member: string]: Json }} Json
 * @typedef {{ name: string } & Record<string, any>} Template as `view=full` shows it
 * @typedef {{ revision: number, behind: number }} Channel
 * @typedef {{ name: string, "display-name"?: string, description?: string, set?: Record<string, any>,
 *   "allowed-groups"?: string[], default?: boolean }} Choice
 * @typedef {{ name: string, "display-name"?: string, description?: string, choices?: Choice[],
 *   "free-text"?: Record<string, any>, build?: boolean }} Option
 * @typedef {{ revision: number, position: string, time: string, by: string, note?: string, action: string, name: string,
 *   previous: number, first: number, digest: string, changed?: string[], template?: Template,
 *   promoted?: { channel: string, from: number, to: number } }} Change
 * @typedef {{ by: string, kind: string, name: string, scopes: string[], id?: string, expires?: string,
 *   reach: { templates: string[][], labels: string[] } }} Holder whose token it is, and what it may do
 * @typedef {{ resource?: string, field?: string, code?: string, message?: string }} Hint
 */

export {};
