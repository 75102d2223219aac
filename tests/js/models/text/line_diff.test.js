import assert from "node:assert/strict";
import { test } from "node:test";

import { lineDiff, withContext } from "parley/models/text/line_diff.js";
import { assertLinear } from "../../support/growth.js";

const written = (before, after) => lineDiff(before, after).map(({ sign, text }) => sign + text);

const ROWS = [
  ["a\nb\nc", "a\nx\nc", [" a", "-b", "+x", " c"]],
  ["a", "a", [" a"]],
  ["", "a", ["-", "+a"]],
  ["a\nb", "a\nb\nc", [" a", " b", "+c"]],
  ["a\nb\nc", "b\nc", ["-a", " b", " c"]],
  ["a\na\na", "a\na", [" a", " a", "-a"]],
];
for (const [before, after, lines] of ROWS) {
  test(`from ${JSON.stringify(before)} to ${JSON.stringify(after)}`, () =>
    assert.deepEqual(written(before, after), lines));
}

test("what is removed and kept is the old text, what is kept and added the new one", () => {
  let value = 7;
  const random = (below) => (value = (value * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 300; round += 1) {
    const [before, after] = [0, 0].map(() =>
      Array.from({ length: random(30) }, () => "abc"[random(3)]).join("\n"),
    );
    const lines = lineDiff(before, after);
    const without = (sign) =>
      lines
        .filter((line) => line.sign !== sign)
        .map(({ text }) => text)
        .join("\n");
    assert.equal(without("+"), before);
    assert.equal(without("-"), after);
  }
});

test("texts that have nothing in common are no square of work", () => {
  const lines = (word, length) => Array.from({ length }, (_, line) => `${word}${line}`).join("\n");
  assertLinear(
    (length) => [lines("a", length), lines("b", length)],
    ([before, after]) => assert.equal(lineDiff(before, after).filter(({ sign }) => sign === " ").length, 0),
  );
});

test("a single line is not left out", () => {
  const lines = lineDiff("1\n2\n3", "1\n2\nx");
  assert.deepEqual(withContext(lines, 1)[0], { sign: " ", text: "1" });
});

test("unchanged lines far from a change are left out", () => {
  const lines = lineDiff("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\n5\n6\n7\n8\nx");
  assert.deepEqual(withContext(lines, 1), [
    { left: 7 },
    { sign: " ", text: "8" },
    { sign: "-", text: "9" },
    { sign: "+", text: "x" },
  ]);
});
