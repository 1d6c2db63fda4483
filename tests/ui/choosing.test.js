import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenIn, defaultOf, parametersOf, stillThere, told } from "../../src/binder_registry/server/ui/choosing.js";

const SIZE = { name: "size", choices: [{ name: "small" }, { name: "large", default: true }] };
const IMAGE = { name: "image", choices: [{ name: "base" }], "free-text": {} };

test("an address and what is chosen say the same", () => {
  const query = [["option.size", "small"], ["option.image.free-text", "quay.io/a?b=c&d"]];

  const chosen = chosenIn(new URLSearchParams(query), [SIZE, IMAGE]);

  assert.deepEqual(chosen, { size: "small", image: { "free-text": "quay.io/a?b=c&d" } });
  assert.deepEqual(parametersOf(chosen), query);
});

test("an option may be called as a free text is", () => {
  const option = { name: "image.free-text", choices: [{ name: "a" }] };

  assert.deepEqual(chosenIn([["option.image.free-text", "a"]], [IMAGE, option]), { "image.free-text": "a" });
});

test("of what an address says only what there is counts", () => {
  const query = [["option.size", "huge"], ["option.gone", "x"], ["option.size.free-text", "x"], ["revision", "3"], ["option.__proto__", "x"]];

  assert.deepEqual(chosenIn(query, [SIZE, IMAGE]), {});
});

test("an option may be called as what every object has", () => {
  const option = { name: "constructor", choices: [{ name: "toString" }] };

  assert.deepEqual([stillThere({}, [option]), chosenIn([["option.constructor", "toString"]], [option])], [{}, { constructor: "toString" }]);
});

test("a choice that is gone is not kept", () => {
  const chosen = { size: "small", image: { "free-text": "x" } };

  assert.deepEqual(stillThere(chosen, [{ name: "size", choices: [{ name: "large" }] }, IMAGE]), { image: { "free-text": "x" } });
});

test("the default is the one that says so, else the first", () => {
  assert.deepEqual([SIZE, IMAGE, { name: "typed", "free-text": {} }].map((one) => defaultOf(one)?.name), ["large", "base", undefined]);
});

test("a menu tells what a hub's tells", () => {
  const choice = { name: "l", "display-name": "Large", description: "for maps", deprecated: "take medium" };

  assert.deepEqual([told(choice), told({ name: "l" })], ["Large - for maps - Deprecated: take medium", "l"]);
});
