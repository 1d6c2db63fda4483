import assert from "node:assert/strict";
import { test } from "node:test";

import { globsOf, line, parted, stateOf } from "../../src/binder_registry/server/ui/token-list.js";

const NOW = new Date("2026-03-01T12:00:00Z");
const token = (/** @type {object} */ members) => ({ id: "a", name: "a", by: "key:k", scopes: [], created: "", expires: "2026-06-01T00:00:00Z", ...members });

test("a token holds, ends soon, has expired or was revoked", () => {
  const states = [{}, { expires: "2026-03-10T00:00:00Z" }, { expires: "2026-03-01T12:00:00Z" }, { revoked: "2026-02-01T00:00:00Z" }].map((one) => stateOf(token(one), NOW));

  assert.deepEqual(states, ["holds", "soon", "expired", "revoked"]);
});

test("what has ended stands apart", () => {
  const { living, ended } = parted([token({ id: "1" }), token({ id: "2", revoked: "x" }), token({ id: "3", expires: "2026-03-02T00:00:00Z" })], NOW);

  assert.deepEqual([living.map((one) => one.id), ended.map((one) => one.id)], [["1", "3"], ["2"]]);
});

test("what a token made, and what that made, is its line", () => {
  const all = [token({ id: "1" }), token({ id: "2", parent: "1" }), token({ id: "3", parent: "2" }), token({ id: "4" })];

  assert.deepEqual(line(all[0], all).map((one) => one.id), ["2", "3"]);
});

test("globs stand one in a line, and hold blanks and commas", () => {
  assert.deepEqual([globsOf("a*\r\n b c, d \n\n"), globsOf(" \n")], [["a*", "b c, d"], []]);
});
