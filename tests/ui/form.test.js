import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldsOf, sectionsOf } from "../../src/binder_registry/server/ui/form-fields.js";
import { asTyped, bytesText, isUnread, moved, problemsIn, rawOf, readRaw, unread } from "../../src/binder_registry/server/ui/form-values.js";
import { perField } from "../../src/binder_registry/server/ui/hinting.js";

const SCHEMAS = {
  Thing: {
    required: ["name"],
    properties: {
      name: { type: "string", pattern: "^[a-z]+$", examples: ["scipy"], description: "What it is called." },
      memory: { $ref: "#/components/schemas/Size", description: "Memory. Unit: bytes." },
      uses: { type: ["array", "null"], items: { type: "string" }, readOnly: true },
      groups: { type: ["array", "null"], items: { type: "string", maxLength: 5 } },
      labels: { type: ["object", "null"], additionalProperties: { type: "string" }, propertyNames: { pattern: "^[a-z]+$" } },
      options: { type: ["array", "null"], items: { properties: { name: { type: "string" }, set: { type: "object", properties: { memory: { $ref: "#/components/schemas/Size" } } } }, required: ["name"] } },
      speed: { type: ["string", "null"], enum: ["slow", "fast", null] },
      novelty: { type: "object", additionalProperties: {} },
      command: { type: ["string", "null"], maxLength: 65536 },
    },
  },
  Size: { type: ["integer", "null"], minimum: 0, description: "Unit: bytes." },
};
const FIELDS = fieldsOf({ components: { schemas: SCHEMAS } }, "Thing");
const field = (name) => FIELDS.find((one) => one.name === name);

test("each member of the schema is a field of its kind, but for what the registry keeps", () => {
  assert.deepEqual(
    FIELDS.map((one) => [one.name, one.kind]),
    [["name", "text"], ["memory", "bytes"], ["groups", "words"], ["labels", "map"], ["options", "list"], ["speed", "enum"], ["novelty", "json"], ["command", "long"]],
  );
  assert.deepEqual([field("memory").help, field("memory").unit, field("speed").among], ["Memory.", "bytes", ["slow", "fast"]]);
});

test("a member that nobody thought of stands under the last heading", () => {
  const sections = sectionsOf(FIELDS);

  assert.deepEqual(sections.at(-1).fields.map((one) => one.name), ["memory", "groups", "speed", "novelty"]);
});

test("what is typed is the value that people mean", () => {
  const typed = [
    ["memory", "2 GiB", 2 ** 31],
    ["memory", "1.5G", 1.5 * 2 ** 30],
    ["memory", "512 mb", 2 ** 29],
    ["memory", "0", 0],
    ["groups", " a \n\nb c\n", ["a", "b c"]],
    ["labels", [["a", "1"], ["", ""]], { a: "1" }],
    ["novelty", '{"a": null}', { a: null }],
    ["name", " ", undefined],
  ];

  assert.deepEqual(typed.map(([name, raw]) => readRaw(field(name), raw)), typed.map(([, , value]) => ({ value })));
});

test("what is no value says why", () => {
  const typed = [["memory", "2 GiX"], ["memory", "512"], ["labels", [["a", ""], ["a", "2"]]], ["labels", [["", "2"]]], ["novelty", "{"]];

  assert.deepEqual(typed.filter(([name, raw]) => !("problem" in readRaw(field(name), raw))), []);
});

test("a size is shown with a unit where that is exact", () => {
  assert.deepEqual([2 ** 31, 1.5 * 2 ** 30, 1_000_000_000, 0].map(bytesText), ["2 GiB", "1.5 GiB", "1000000000", "0"]);
});

test("a variable may be called as what every object has", () => {
  const { value } = readRaw(field("labels"), [["__proto__", "x"]]);

  assert.deepEqual(rawOf(field("labels"), value), [["__proto__", "x"]]);
});

test("what cannot be read is kept as it was typed, and named as the server names it", () => {
  const model = { name: "NO", options: [{ name: "a" }, { set: { memory: unread("much") } }], groups: ["longer"] };

  assert.deepEqual(problemsIn(FIELDS, model).map((one) => one.field), ["name", "groups", "options[1].name", "options[1].set.memory"]);
  assert.equal(rawOf(field("memory"), model.options[1].set.memory), "much");
  assert.deepEqual([isUnread(model.options[1].set.memory), asTyped(model).options[1]], [true, { set: { memory: "much" } }]);
});

test("a move keeps all others in their order, and none leads out", () => {
  assert.deepEqual([moved(["a", "b", "c"], 0, 2), moved(["a", "b"], 0, -1)], [["b", "c", "a"], ["a", "b"]]);
});

test("of several faults in one message each is said at its field", () => {
  const refusal = { message: "limits.memory must be 1; or 2; options[0].choices must not hold 'x' twice", hints: [{ field: "limits.memory" }, { field: "options[0].choices" }] };

  assert.deepEqual(perField(refusal), [
    { field: "limits.memory", message: "Must be 1; or 2." },
    { field: "options[0].choices", message: "Must not hold 'x' twice." },
  ]);
});
