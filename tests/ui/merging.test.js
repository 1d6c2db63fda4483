import assert from "node:assert/strict";
import { test } from "node:test";

import { compared, merged, patchOf, same, tidied } from "../../src/binder_registry/server/ui/merging.js";

const BASE = { name: "a", command: "x", limits: { memory: 1, cpus: 1 }, options: [{ name: "size", choices: [{ name: "s" }, { name: "l" }] }] };
const all = (base, theirs, mine, takesMine = () => true) => merged(theirs, compared(base, theirs, mine), takesMine);

test("what only one side changed is taken from it, member by member", () => {
  const theirs = { ...BASE, limits: { memory: 2, cpus: 1 }, contact: "they" };
  const mine = { ...BASE, limits: { memory: 1, cpus: 4 }, command: "y" };

  const rows = compared(BASE, theirs, mine);

  assert.deepEqual(rows.filter((row) => row.conflict), []);
  assert.deepEqual(merged(theirs, rows, () => false), { ...BASE, limits: { memory: 2, cpus: 4 }, contact: "they", command: "y" });
});

test("what both changed otherwise is for somebody to decide", () => {
  const [theirs, mine] = [{ ...BASE, command: "they" }, { ...BASE, command: "me" }];

  assert.deepEqual(compared(BASE, theirs, mine), [{ path: ["command"], base: "x", theirs: "they", mine: "me", conflict: true }]);
  assert.deepEqual([all(BASE, theirs, mine, () => true).command, all(BASE, theirs, mine, () => false).command], ["me", "they"]);
});

test("what both changed alike is no conflict", () => {
  const both = { ...BASE, command: "y" };

  assert.deepEqual(compared(BASE, both, both).map((row) => row.conflict), [false]);
});

test("what I cleared is cleared, where they changed something else", () => {
  const mine = { ...BASE };
  delete mine.command;

  assert.deepEqual(all(BASE, { ...BASE, contact: "they" }, mine), { ...mine, contact: "they" });
});

test("choices that keep their order are put together one by one", () => {
  const options = (s, l) => ({ ...BASE, options: [{ name: "size", choices: [{ name: "s", ...s }, { name: "l", ...l }] }] });

  assert.deepEqual(all(BASE, options({ default: true }, {}), options({}, { deprecated: "no" })), options({ default: true }, { deprecated: "no" }));
});

test("choices in another order are one thing", () => {
  const theirs = { ...BASE, options: [{ name: "size", choices: [{ name: "l" }, { name: "s" }] }] };
  const mine = { ...BASE, options: [{ name: "size", choices: [{ name: "s" }] }] };

  assert.deepEqual(compared(BASE, theirs, mine).map((row) => [row.path.join("."), row.conflict]), [["options.size.choices", true]]);
});

test("members may be called as what every object has", () => {
  const mine = { name: "a", environment: JSON.parse('{"__proto__": "x", "constructor": "y"}') };

  assert.deepEqual(Object.entries(all({ name: "a" }, { name: "a" }, mine).environment), [["__proto__", "x"], ["constructor", "y"]]);
});

test("a patch says what differs, and null for what was cleared", () => {
  const rest = { ...BASE };
  delete rest.command;
  const after = { ...rest, limits: { memory: 1 }, contact: "me" };

  assert.deepEqual(patchOf(BASE, after), { command: null, limits: { cpus: null }, contact: "me" });
});

test("a patch replaces the overrides as a whole, with the nulls in them", () => {
  const [before, after] = [{ kubespawner: { a: 1, b: null }, docker: {} }, { kubespawner: { a: 2, b: null } }];

  assert.deepEqual(patchOf({ overrides: before }, { overrides: after }), { overrides: after });
});

test("what is empty says nothing, and what the registry keeps is nobody's", () => {
  assert.deepEqual(tidied({ name: "a", command: "", limits: {}, options: [], order: 0, revision: 3 }), { name: "a", order: 0 });
});

test("the order of members makes no difference, and that of items does", () => {
  assert.deepEqual([same({ a: 1, b: 2 }, { b: 2, a: 1 }), same([1, 2], [2, 1])], [true, false]);
});
