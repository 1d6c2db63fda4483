import assert from "node:assert/strict";
import { test } from "node:test";

import { landing, reached, reachOf, rights } from "../../src/binder_registry/server/ui/holding.js";

const ORIGIN = "https://hub.example.org";

test("a login leads to a page of ours", () => {
  const [own, absolute] = ["/registry/ui/templates/a%20b?revision=3", `${ORIGIN}/registry/ui/apply`].map((next) => landing(next, "/registry/ui/", ORIGIN));

  assert.deepEqual([own, absolute], ["/registry/ui/templates/a%20b?revision=3", "/registry/ui/apply"]);
});

test("a login leads nowhere else", () => {
  const elsewhere = [
    null,
    "",
    "https://evil.example/registry/ui/",
    "//evil.example/registry/ui/",
    "\\\\evil.example/registry/ui/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/registry/ui/../../user/mallory/",
    "/registry/uix",
    "http://[",
    `${ORIGIN}.evil.example/registry/ui/`,
    `https://a@evil.example/registry/ui/`,
  ];

  assert.deepEqual(new Set(elsewhere.map((next) => landing(next, "/registry/ui/", ORIGIN))), new Set(["/registry/ui/"]));
});

test("a login does not lead back to where one logs in", () => {
  assert.deepEqual(["/ui/login?next=/ui/login", "/ui/enter"].map((next) => landing(next, "/ui/", ORIGIN)), ["/ui/", "/ui/"]);
});

test("what a token reaches is told in a sentence", () => {
  assert.deepEqual([reached([], ""), reached(["r-*"], ""), reached([], "a=b,!c"), reached(["r-*", "scipy"], "a=b")], [
    "every template",
    "templates named r-*",
    "templates with a=b and !c",
    "templates named r-* or scipy, with a=b",
  ]);
});

test("all of a token's line narrow what it reaches", () => {
  const reach = { templates: [["r-*", "s-*"], [], ["r-1*"]], labels: ["team=a", "", "course=b"] };

  assert.equal(reachOf(reach), "templates named r-* or s-*, and also among templates named r-1*, with team=a and course=b");
});

test("a scope that is not known here is told by its name", () => {
  assert.deepEqual(rights(["later", "write"]), [
    ["write", "publish, change and delete"],
    ["later", ""],
  ]);
});
