import assert from "node:assert/strict";
import { test } from "node:test";

import { pointedBefore, underToday } from "../../src/binder_registry/server/ui/promotions.js";

test("a channel goes back to where it has pointed, the newest first", () => {
  const pointed = (channel, from, to) => ({ action: "promoted", promoted: { channel, from, to } });
  const changes = [pointed("stable", 3, 9), pointed("testing", 5, 9), pointed("stable", 9, 3), { action: "updated" }, pointed("stable", 1, 9), pointed("stable", 0, 1)];

  assert.deepEqual(pointedBefore(changes, "stable", 9), [3, 1]);
});

test("who may have it is today's in every channel", () => {
  const option = (...choices) => ({ options: [{ name: "size", choices }] });
  const past = { "allowed-groups": ["old"], deprecated: "then", command: "a", ...option({ name: "l", "allowed-groups": ["old"] }, { name: "gone", "allowed-groups": ["old"] }) };
  const today = { "allowed-groups": ["new"], paused: "now", command: "b", ...option({ name: "l" }) };

  assert.deepEqual(underToday(past, today), {
    "allowed-groups": ["new"],
    paused: "now",
    command: "a",
    ...option({ name: "l" }, { name: "gone", "allowed-groups": ["old"] }),
  });
});
