/** Finding templates: by words, by labels, in an order. Pure; quick with ten thousand. */

import { bytes, cpus } from "./format.js";

/** @typedef {import("./types.js").Template} Template */
/** @typedef {{ template: Template, title: string, text: string, labels: string[] }} Row `text` is what words are looked for in, `labels` are "key=value" */
/** @typedef {"form" | "name" | "changed"} Order */

/** @type {Record<Order, string>} */
export const ORDERS = { form: "As on a hub’s form", name: "By name", changed: "Newest change first" };

/** @type {WeakMap<Template, Row>} */
const known = new WeakMap();
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/**
 * @param {Template} template
 * @returns {Row} the same while the template is the same object
 */
export function rowOf(template) {
  let row = known.get(template);
  if (!row) {
    const title = template["display-name"] || template.name;
    const labels = Object.entries(template.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    const text = [title, template.name, template.description, template["image-name"], template.owner, ...labels, ...(template["allowed-groups"] ?? [])];
    row = { template, title, labels, text: text.join("\n").toLowerCase() };
    known.set(template, row);
  }
  return row;
}

/**
 * @param {Iterable<Template>} templates
 * @param {Order} order
 * @returns {Row[]}
 */
export function ordered(templates, order) {
  return [...templates].map(rowOf).sort(COMPARED[order]);
}

/**
 * The same as `ordered`, quicker where few changed.
 * @param {Row[]} rows as `order` has them
 * @param {Map<string, Template>} templates as they are now
 * @param {Set<string>} names whose template is another, or gone, or new
 * @param {Order} order
 * @returns {Row[]}
 */
export function reordered(rows, templates, names, order) {
  if (names.size > 100) return ordered(templates.values(), order);
  const kept = rows.filter((row) => !names.has(row.template.name));
  for (const name of names) {
    const template = templates.get(name);
    if (!template) continue;
    const row = rowOf(template);
    let [from, to] = [0, kept.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (COMPARED[order](kept[middle], row) < 0) from = middle + 1;
      else to = middle;
    }
    kept.splice(from, 0, row);
  }
  return kept;
}

/** @param {Row} row */
const place = (row) => row.template.order ?? Infinity;
/** @type {(a: Row, b: Row) => number} */
const byName = (a, b) => (a.template.name < b.template.name ? -1 : 1);
/** @type {Record<Order, (a: Row, b: Row) => number>} */
const COMPARED = {
  form: (a, b) => Math.sign(place(a) - place(b)) || collator.compare(a.title, b.title) || byName(a, b),
  name: byName,
  changed: (a, b) => later(b.template, a.template) || byName(a, b),
};

/**
 * @param {Row[]} rows
 * @param {string} query words that all must be there
 * @param {string[]} labels that all must be there, "key=value"
 * @returns {Row[]}
 */
export function found(rows, query, labels) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => labels.every((label) => row.labels.includes(label)) && words.every((word) => row.text.includes(word)));
}

/**
 * How often each label stands in rows: what can still be chosen, the most frequent first.
 * @param {Row[]} rows
 * @param {string[]} chosen stay, also where nothing has them
 * @returns {{ key: string, values: { label: string, value: string, count: number }[] }[]}
 */
export function facets(rows, chosen) {
  /** @type {Map<string, number>} */
  const counts = new Map(chosen.map((label) => [label, 0]));
  for (const row of rows) for (const label of row.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  /** @type {Map<string, { label: string, value: string, count: number }[]>} */
  const keys = new Map();
  for (const [label, count] of counts) {
    const cut = label.indexOf("=");
    const key = label.slice(0, cut);
    const values = keys.get(key) ?? [];
    if (!values.length) keys.set(key, values);
    values.push({ label, value: label.slice(cut + 1), count });
  }
  return [...keys]
    .sort(([a], [b]) => collator.compare(a, b))
    .map(([key, values]) => ({ key, values: values.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)) }));
}

/**
 * How large it is, over all choices: "1–8 GiB · 2 CPUs".
 * @param {Template} template
 */
export function size(template) {
  const settings = [template, ...(template.options ?? []).flatMap((/** @type {any} */ option) => (option.choices ?? []).map((/** @type {any} */ choice) => choice.set ?? {}))];
  const parts = [range(settings, "memory", bytes), range(settings, "cpus", cpus), range(settings, "gpus", (count) => `${count} GPU${count === 1 ? "" : "s"}`)];
  return parts.filter(Boolean).join(" · ");
}

/**
 * @param {any[]} settings
 * @param {string} limit
 * @param {(value: number) => string} written
 */
function range(settings, limit, written) {
  const values = settings.map((one) => one.limits?.[limit]).filter((value) => value > 0);
  if (!values.length) return "";
  const [least, most] = [Math.min(...values), Math.max(...values)].map(written);
  if (least === most) return least;
  const [[number, one], [, many]] = [least.split(" "), most.split(" ")];
  return one === many || `${one}s` === many ? `${number}–${most}` : `${least}–${most}`;
}

/**
 * @param {Template} a
 * @param {Template} b
 */
function later(a, b) {
  const [one, other] = [a["time-modified"], b["time-modified"]];
  return one === other ? 0 : one < other ? -1 : 1;
}

/**
 * The newest revision whose time is not after `until`, by asking for the times of a few.
 * @param {number} newest
 * @param {Date} until
 * @param {(revision: number) => Promise<Date>} timeOf
 * @returns {Promise<number>} 0: it is before all of them
 */
export async function revisionAt(newest, until, timeOf) {
  let [before, after] = [0, newest + 1];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if ((await timeOf(middle)) <= until) before = middle;
    else after = middle;
  }
  return before;
}
