import assert from "node:assert/strict";
import { test } from "node:test";

import { byTemplate, listed, sentenceOf, whom } from "../../src/binder_registry/server/ui/hiding.js";
import { atFields, capital } from "../../src/binder_registry/server/ui/hinting.js";

const hidden = (/** @type {object} */ members) => ({ name: "scipy", option: "", choice: "", rule: "allowed-groups", needs: "the group 'staff'", ...members });

test("each rule has its sentence", () => {
  const said = [
    hidden({}),
    hidden({ rule: "choice-groups", option: "size", choice: "large" }),
    hidden({ rule: "choice-groups", needs: "for any choice of 'size', the group 'staff'" }),
    hidden({ rule: "deleted", needs: "it was deleted, and 'r' took its place" }),
    hidden({ rule: "command", option: "size", choice: "large", needs: "the command 'sh' is not allowed" }),
    hidden({ rule: "of another release", needs: "ça n'est pas permis!" }),
  ].map(sentenceOf);

  assert.deepEqual(said, [
    "It takes the group 'staff'.",
    "The choice “large” of size takes the group 'staff'.",
    "It takes, for any choice of 'size', the group 'staff'.",
    "It was deleted, and 'r' took its place.",
    "The choice “large” of size: the command 'sh' is not allowed.",
    "Ça n'est pas permis!",
  ]);
});

test("what is hidden stands together by template, and what is gone whole comes first", () => {
  const found = byTemplate([hidden({ option: "a", choice: "b" }), hidden({ name: "gpu" }), hidden({ option: "c", choice: "d" })], ["scipy"]);

  assert.deepEqual(found.map(({ name, whole, reasons }) => [name, whole, reasons.length]), [
    ["gpu", true, 1],
    ["scipy", false, 2],
  ]);
});

test("who looks is told with the groups", () => {
  const viewers = [
    { user: null, groups: [] },
    { user: null, groups: ["a", "b", "c"] },
    { user: "ada", groups: ["a"] },
    { user: "ada", groups: [] },
  ];

  assert.deepEqual(viewers.map(whom), ["everyone", "who is in a, b and c", "ada, who is in a,", "ada, who is in no group,"]);
});

test("a list of words ends in and", () => {
  assert.deepEqual([[], ["a"], ["a", "b"]].map(listed), ["", "a", "a and b"]);
});

test("what is said of one field loses the field's name", () => {
  const { at, elsewhere } = atFields({ message: "label: '==' is no label", hints: [{ field: "label" }] }, ["label", "user"]);

  assert.deepEqual([[...at], elsewhere], [[["label", "'==' is no label."]], false]);
});

test("what is said of no field here stays to be said", () => {
  const other = atFields({ message: "body: is empty", hints: [{ field: "body" }] }, ["label"]);
  const none = atFields({ message: "no", hints: [] }, ["label"]);

  assert.deepEqual([other.at.size, other.elsewhere, none.elsewhere], [0, true, true]);
});

test("a hint's own message is said at its field", () => {
  const { at } = atFields({ message: "two things", hints: [{ field: "a", message: "must be one" }, { field: "b" }] }, ["a", "b"]);

  assert.deepEqual([...at], [
    ["a", "Must be one."],
    ["b", "Two things."],
  ]);
});

test("a sentence of nothing is a point", () => {
  assert.equal(capital(""), ".");
});
