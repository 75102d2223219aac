// The TeX of formulas, and that no formula of the world's texts is set before it is whole.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { formulaEnd, texOf } from "parley/markdown/parser/formulas.js";

const ROWS = [
  ["$x$", { tex: "x", display: false }],
  ["\\(a_1\\)", { tex: "a_1", display: false }],
  ["$$\na\n$$", { tex: "\na\n", display: true }],
  ["\\[a\\]", { tex: "a", display: true }],
  ["\\begin{align}a\\end{align}", { tex: "\\begin{align}a\\end{align}", display: true }],
  ["\\begin{align}a", null],
  ["$$a", null],
  ["$$a$", null],
  ["$$", null],
  ["\\(a", null],
  ["\\[a", null],
  ["$", null],
  ["a", null],
];
for (const [written, found] of ROWS) {
  test(`the TeX of ${JSON.stringify(written)}`, () => assert.deepEqual(texOf(written), found));
}

test("a formula that still arrives is not set", () => {
  const rows = JSON.parse(
    readFileSync(new URL("../../../world/markdown/formulas.json", import.meta.url), "utf8"),
  );
  let formulas = 0;
  for (const { text } of rows) {
    const whole = /^(?:\\\(|\\\[|\$\$)/.test(text) ? formulaEnd(text, 0) : 0;
    for (let end = 3; end < whole; end += 1) {
      if (formulaEnd(text.slice(0, end), 0, { open: true }) === end)
        assert.equal(texOf(text.slice(0, end)), null, text);
    }
    formulas += whole > 0;
  }
  assert.ok(formulas > 3);
});
