import assert from "node:assert/strict";
import { test } from "node:test";

import { pieces } from "../../src/binder_registry/server/ui/links.js";

const addresses = (text) => pieces(text).filter((one) => one.address).map((one) => one.text);

test("an address ends before what belongs to the sentence", () => {
  assert.deepEqual(addresses("see https://a.example/x?y=1#z. And (http://b.example/), too"), ["https://a.example/x?y=1#z", "http://b.example/"]);
});

test("nothing but http and https is an address", () => {
  assert.deepEqual(addresses("javascript:alert(1) data:text/html,x ftp://a.example //a.example"), []);
});

test("all of the text stays", () => {
  for (const text of ["", "none", "https://a.example", "a https://b.example!, c", "http://"]) assert.equal(pieces(text).map((one) => one.text).join(""), text);
});
