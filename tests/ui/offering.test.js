import assert from "node:assert/strict";
import { test } from "node:test";

import { narrowed, offeringOf } from "../../src/binder_registry/server/ui/offering.js";

const TEMPLATE = { name: "a", labels: { course: "physics", new: "" }, "allowed-groups": ["staff"], options: [{ name: "size", choices: [{ name: "l", "allowed-groups": ["gpu", "staff"] }] }] };

test("few others are asked for, and an admin asks for those whom it is for", () => {
  assert.equal(String(narrowed(TEMPLATE, { explain: false })), "label=course%3Dphysics&label=new");
  assert.equal(String(narrowed(TEMPLATE, { explain: true, channel: "stable" })), "explain=true&label=course%3Dphysics&label=new&channel=stable&group=staff&group=gpu");
});

test("what is tried out beside it is not it", () => {
  const needs = { name: "a", option: "", choice: "", rule: "command", needs: "no" };
  const view = { user: null, groups: [], offered: [{ name: "a/testing" }, { name: "ab" }], hidden: [needs, { ...needs, name: "ab" }] };

  const { offered, whole } = offeringOf(view, "a");

  assert.deepEqual([offered, whole], [["a/testing"], needs]);
});

test("who is not told why is not told that all is well", () => {
  const { offered, whole, explained } = offeringOf({ user: "ada", groups: [], offered: [] }, "a");

  assert.deepEqual([offered, whole, explained], [[], null, false]);
});
