import assert from "node:assert/strict";
import { test } from "node:test";

import { differences } from "../../src/binder_registry/server/ui/differences.js";

const SIZES = [
  { name: "small", set: { limits: { memory: 1 } } },
  { name: "large", set: { limits: { memory: 4 } } },
];

test("a choice that changed is told by its names", () => {
  const before = { name: "a", options: [{ name: "size", choices: SIZES }] };
  const after = { name: "a", options: [{ name: "size", choices: [SIZES[0], { name: "large", set: { limits: { memory: 8 } } }] }] };

  assert.deepEqual(differences(before, after), [{ member: "options.size.large.limits.memory", before: 4, after: 8 }]);
});

test("another order of choices is a difference", () => {
  const [before, after] = [SIZES, SIZES.toReversed()].map((choices) => ({ options: [{ name: "size", choices }] }));

  assert.deepEqual(differences(before, after), [{ member: "options.size", before: ["small", "large"], after: ["large", "small"] }]);
});

test("what the registry keeps is none", () => {
  assert.deepEqual(differences({ revision: 1, "time-modified": "x" }, { revision: 2, "time-modified": "y" }), []);
});
