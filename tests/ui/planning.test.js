import assert from "node:assert/strict";
import { test } from "node:test";

import { byAction, doesNothing, filledIn, looksLikeHub, problemsOf, sourceOf, stillHolds, summary } from "../../src/binder_registry/server/ui/planning.js";

const step = (/** @type {string} */ action, name = "a") => ({ action, name, changed: [] });

test("a request of JSON is told from templates", () => {
  const texts = ['{"templates": [], "prune": "*"}', '{"promote": {"channel": "stable"}}', '[{"name": "a"}]', '{"name": "a", "templates": 1}', "name: a", "{name: a}", "null", '"text"'];

  const found = texts.map(sourceOf).map(({ whole, list }) => (whole ? "request" : list ? list.length : "server"));

  assert.deepEqual(found, ["request", "request", 1, 1, "server", "server", "server", "server"]);
});

test("the values of a hub are guessed by their members", () => {
  const texts = ["singleuser:\n  profileList: []", "basehub:\n  jupyterhub:\n    x: 1", '{"profileList":\n []}', "# profileList: no\nname: a", "name: a\nimage-name: b\nprofileList: 1", ""];

  assert.deepEqual(texts.map(looksLikeHub), [true, true, false, false, false, false]);
});

test("a plan is told with what is deleted first", () => {
  const steps = [step("created", "c"), step("unchanged", "u"), step("deleted", "d"), step("created", "e"), step("of a later release", "l")];

  assert.equal(summary(steps), "1 template deleted, 2 created, 1 unchanged and 1 of a later release");
  assert.deepEqual(byAction(steps)[0], ["deleted", [steps[2]]]);
});

test("a plan without any step, or of what is as it was, does nothing", () => {
  assert.deepEqual([[], [step("unchanged")], [step("unchanged"), step("promoted")]].map(doesNothing), [true, true, false]);
});

test("a plan holds where others wrote elsewhere", () => {
  const seen = [step("updated", "a"), step("deleted", "b")];

  const holds = [stillHolds(seen, structuredClone(seen), ["c"]), stillHolds(seen, structuredClone(seen), ["c", "a"]), stillHolds(seen, [seen[0]], ["c"])];

  assert.deepEqual(holds, [true, false, false]);
});

test("a line that the server names is found", () => {
  const problems = problemsOf({ message: "body, line 2: not valid YAML", hints: [{ field: "line 2" }] });

  assert.deepEqual(problems, [{ field: "", message: "not valid YAML", line: 2 }]);
});

test("a message of several fields is said once", () => {
  const problems = problemsOf({ message: "a is wrong; b is wrong", hints: [{ field: "a" }, { field: "b" }] });

  assert.deepEqual(problems, [{ field: "", message: "a is wrong; b is wrong" }]);
});

test("members that say nothing are no difference", () => {
  assert.deepEqual([filledIn({ name: "a", command: "", "bind-port": 0 }), filledIn(null)], [{ name: "a", "bind-port": 0 }, null]);
});
