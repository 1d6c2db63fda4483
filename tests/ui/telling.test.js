import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "../../src/binder_registry/server/ui/telling.js";

const change = (/** @type {string} */ name, /** @type {string | undefined} */ by) => /** @type {any} */ ({ name, by, action: "updated" });

test("what others did is one sentence, however much it was", () => {
  const sentences = [[change("r", "user:ada")], [change("r", undefined)], [change("r", "user:ada"), change("scipy", "user:ada")], [change("r", "user:ada"), change("scipy", "user:bob")], []].map(said);

  assert.deepEqual(sentences, ["r was updated by ada", "r was updated", "2 environments were changed by ada", "2 environments were changed", ""]);
});
