import assert from "node:assert/strict";
import { test } from "node:test";

import { facets, found, ordered, reordered, revisionAt, size } from "../../src/binder_registry/server/ui/searching.js";

const GiB = 2 ** 30;
const SCIPY = { name: "scipy", "display-name": "SciPy", "image-name": "quay.io/scipy:1", labels: { course: "physics", tier: "small" }, "time-modified": "2026-01-02T00:00:00Z" };
const R = { name: "r", "image-name": "quay.io/r:1", description: "Statistics", labels: { course: "maths", tier: "small" }, order: 1, "time-modified": "2026-01-03T00:00:00Z" };
const JULIA = { name: "julia", "image-name": "quay.io/julia:1", order: 2, "time-modified": "2026-01-01T00:00:00Z" };
const ALL = [SCIPY, R, JULIA];

const names = (/** @type {any[]} */ rows) => rows.map((row) => row.template.name);

test("the order is the form's: numbered ones first, then by title", () => {
  assert.deepEqual(names(ordered(ALL, "form")), ["r", "julia", "scipy"]);
});

test("the newest change stands first where that is asked", () => {
  assert.deepEqual(names(ordered(ALL, "changed")), ["r", "scipy", "julia"]);
});

test("all words must be there, wherever they stand", () => {
  const rows = ordered(ALL, "name");

  const hits = ["QUAY sci", "stat r:1", "scipy maths", "physics", ""].map((query) => names(found(rows, query, [])));

  assert.deepEqual(hits, [["scipy"], ["r"], [], ["scipy"], ["julia", "r", "scipy"]]);
});

test("all labels must be there", () => {
  const rows = ordered(ALL, "name");

  assert.deepEqual([names(found(rows, "", ["tier=small"])), names(found(rows, "", ["tier=small", "course=maths"]))], [["r", "scipy"], ["r"]]);
});

test("labels are counted, and a chosen one stays where nothing has it", () => {
  const [course, tier] = facets(found(ordered(ALL, "name"), "scipy", []), ["course=maths"]);

  assert.deepEqual(course, { key: "course", values: [{ label: "course=physics", value: "physics", count: 1 }, { label: "course=maths", value: "maths", count: 0 }] });
  assert.deepEqual(tier.values.map((value) => value.count), [1]);
});

test("a size is told over all choices", () => {
  const choices = [1, 8].map((memory) => ({ name: `m${memory}`, set: { limits: { memory: memory * GiB } } }));

  assert.equal(size({ name: "a", limits: { memory: 2 * GiB, cpus: 2 }, options: [{ name: "size", choices }] }), "1–8 GiB · 2 CPUs");
  assert.equal(size({ name: "a", limits: { memory: GiB / 2 }, options: [{ name: "size", choices }] }), "512 MiB–8 GiB");
  assert.equal(size({ name: "a", limits: { cpus: 1 }, options: [{ name: "size", choices: [{ name: "l", set: { limits: { cpus: 4 } } }] }] }), "1–4 CPUs");
  assert.equal(size({ name: "a", limits: {} }), "");
});

test("a moment is of the newest revision that was there", async () => {
  const timeOf = async (/** @type {number} */ revision) => new Date(revision * 1000);

  const at = await Promise.all([0, 1000, 4500, 99_000].map((moment) => revisionAt(10, new Date(moment), timeOf)));

  assert.deepEqual(at, [0, 1, 4, 10]);
});

test("a few changes leave the order as if all had been ordered anew", () => {
  const templates = new Map(Array.from({ length: 60 }, (_, at) => [`t${at}`, { name: `t${at}`, order: (at * 7) % 13, "time-modified": `2026-01-${10 + (at % 20)}T00:00:00Z` }]));
  const [form, changed] = [ordered(templates.values(), "form"), ordered(templates.values(), "changed")];
  templates.set("t5", { name: "t5", order: 3, "time-modified": "2026-02-01T00:00:00Z" });
  templates.set("new", { name: "new", "time-modified": "2026-01-15T00:00:00Z" });
  templates.delete("t7");

  const after = [reordered(form, templates, new Set(["t5", "new", "t7"]), "form"), reordered(changed, templates, new Set(["t5", "new", "t7"]), "changed")];

  assert.deepEqual(after.map(names), [names(ordered(templates.values(), "form")), names(ordered(templates.values(), "changed"))]);
});
