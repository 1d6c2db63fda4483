import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, beginning, bytes, counted, cpus, who } from "../../src/binder_registry/server/ui/format.js";

test("sizes are written as people write them", () => {
  assert.deepEqual([0, 512, 2 ** 30, 1.5 * 2 ** 20].map(bytes), ["0 B", "512 B", "1 GiB", "1.5 MiB"]);
});

test("one is not many", () => {
  assert.deepEqual([cpus(1), cpus(1.5), counted(1, "template"), counted(10_000, "template")], [
    "1 CPU",
    "1.5 CPUs",
    "1 template",
    "10,000 templates",
  ]);
});

test("a time is told by its largest unit", () => {
  const now = new Date("2026-03-01T12:00:00Z");

  const said = ["2026-03-01T11:59:58Z", "2026-03-01T09:30:00Z", "2026-02-28T11:00:00Z", "2024-01-01T00:00:00Z"];

  assert.deepEqual(said.map((time) => ago(new Date(time), now)), ["2 seconds ago", "2 hours ago", "yesterday", "2 years ago"]);
});

test("a user goes by the name alone, and others with their kind", () => {
  assert.deepEqual(["user:alice", "publisher:gitlab:ci", ""].map(who), ["alice", "gitlab:ci (publisher)", "somebody"]);
});

test("of a long text the beginning is shown, and no half of a character", () => {
  const lines = Array.from({ length: 20 }, (_, at) => `${at}`).join("\n");

  assert.deepEqual(
    ["short", "x".repeat(610), "x".repeat(1000), "x".repeat(599) + "🐍".repeat(300), lines].map((text) => beginning(text).length),
    [5, 610, 600, 599, lines.indexOf("\n12")],
  );
});
