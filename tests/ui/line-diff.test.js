import assert from "node:assert/strict";
import { test } from "node:test";

import { folded, lineDifference } from "../../src/binder_registry/server/ui/line-diff.js";

const shown = (lines) => lines.map((one) => ("left" in one ? `⋯${one.left}` : one.sign + one.text));

test("lines that stay are not told as changed", () => {
  assert.deepEqual(shown(lineDifference("a\nb\nc\nd", "a\nc\nx\nd")), [" a", "−b", " c", "+x", " d"]);
});

test("either side is what it was", () => {
  const texts = ["", "a", "a\nb", "b\na\nb", "a\na\na", "c\na\n\nb\n"];

  for (const before of texts)
    for (const after of texts) {
      const lines = lineDifference(before, after);
      const side = (other) => lines.filter((line) => line.sign !== other).map((line) => line.text).join("\n");
      assert.deepEqual([side("+"), side("−")], [before, after]);
    }
});

test("what is too large is told whole, and what is the same around it stays", () => {
  const [before, after] = ["x", "y"].map((one) => ["head", ...Array.from({ length: 5000 }, (_, at) => one + at), "tail"].join("\n"));

  const lines = lineDifference(before, after);

  assert.equal(lines.length, 10_002);
  assert.deepEqual([lines[0].sign, lines[1].sign, lines[5001].sign, lines[10_001].sign], [" ", "−", "+", " "]);
});

test("lines far from any change are counted, and a single one is shown", () => {
  const lines = lineDifference("1\n2\n3\n4\n5\n6\n7\n8", "1\n2\n3\n4\n5\n6\n7\nx");

  assert.deepEqual([shown(folded(lines, 1)), shown(folded(lines, 6))], [["⋯6", " 7", "−8", "+x"], [" 1", " 2", " 3", " 4", " 5", " 6", " 7", "−8", "+x"]]);
});
