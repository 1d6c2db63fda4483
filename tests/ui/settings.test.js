import assert from "node:assert/strict";
import { test } from "node:test";

import { differs, inShort, settings } from "../../src/binder_registry/server/ui/settings.js";

const TEMPLATE = { "image-name": "a", command: "", limits: { memory: 2 ** 31, cpu_shares: 512 }, requests: { memory: 2 ** 30 }, overrides: { kubespawner: { mem_limit: null } } };

test("limits and what is set aside are one line for people", () => {
  const said = Object.fromEntries(settings(TEMPLATE).map(({ title, text, code, none, pairs }) => [title, text || code || pairs || none]));

  assert.deepEqual(said, {
    Image: "a",
    Command: "the image's own",
    Memory: "at most 2 GiB, 1 GiB set aside",
    CPUs: "weight 512 of 1024",
    "Overrides of kubespawner": [["mem_limit", "null"]],
  });
});

test("a setting differs by any of its members", () => {
  const memory = settings(TEMPLATE).find((one) => one.title === "Memory");

  assert.deepEqual([differs(memory, TEMPLATE, { ...TEMPLATE, requests: {} }), differs(memory, TEMPLATE, { ...TEMPLATE, limits: { memory: 2 ** 31 } })], [true, false]);
});

test("what a choice sets is told in short", () => {
  assert.equal(inShort({ limits: { memory: 2 ** 33, gpus: 1 }, environment: { A: "1" } }), "Memory: at most 8 GiB; GPUs: 1 GPU; Environment: A=1");
});
