import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "../../src/binder_registry/server/ui/drafts.js";

/** As the browser's: what it holds are members of it. */
class Store {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }
  setItem(key, value) {
    this[key] = value;
  }
  removeItem(key) {
    delete this[key];
  }
}
const draft = (time) => ({ time: String(time), revision: 1, base: null, mine: { name: "x" }, yaml: null });

test("a draft comes back, of its own registry only", () => {
  const store = new Store();

  new Drafts("/a/", store).keep("edit:x", draft(1));

  assert.deepEqual([new Drafts("/a/", store).read("edit:x"), new Drafts("/b/", store).read("edit:x")], [draft(1), null]);
});

test("the oldest go once there are many", () => {
  const drafts = new Drafts("/", new Store());

  for (let at = 10; at < 35; at++) drafts.keep(`edit:${at}`, draft(at));

  assert.deepEqual([drafts.read("edit:14"), drafts.read("edit:15")?.time], [null, "15"]);
});

test("what is no draft is none, and a full store keeps none", () => {
  const [broken, full] = [new Store(), new Store()];
  broken.setItem("binder-registry:draft:/:edit:x", '{"mine": 3}');
  full.setItem = () => {
    throw new Error("QuotaExceededError");
  };

  assert.deepEqual([new Drafts("/", broken).read("edit:x"), new Drafts("/", full).keep("edit:x", draft(1))], [null, false]);
});
