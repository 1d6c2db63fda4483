import assert from "node:assert/strict";
import { test } from "node:test";

import { reaches } from "../../src/binder_registry/server/ui/reaching.js";

const scipy = { name: "scipy-2026", labels: { course: "physics", term: "2026" } };

/**
 * @param {string[][]} templates
 * @param {...string} labels
 */
const reach = (templates, ...labels) => reaches({ templates, labels }, scipy);

test("each of those from whom a token comes has its own globs, of which one is enough", () => {
  assert.deepEqual([reach([]), reach([[]]), reach([["r-*", "scipy*"]]), reach([["scipy*"], ["r-*"]])], [true, true, true, false]);
});

test("globs are as the server has them", () => {
  const globs = ["scipy-202?", "scipy-[0-9]*", "scipy-[!0-9]*", "SCIPY*", "scipy.2026", "*-2026", "scipy", "[]x]*", "s[c", "[[]*"];

  assert.deepEqual(globs.map((glob) => reach([[glob]])), [true, true, false, false, false, true, false, false, false, false]);
});

test("labels are told, told not to be, there, or not there", () => {
  const selectors = ["course=physics", "course!=physics", "course", "!course", "level", "!level", "level!=1", "course=physics, term=2026", "course=physics,term=2025", ""];

  assert.deepEqual(selectors.map((selector) => reach([], selector)), [true, false, true, false, false, true, true, true, false, true]);
});
