import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { toCsv } from "parley/models/text/csv.js";

const ROWS = [
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ["two\nlines", '"two\nlines"'],
  ["", ""],
  // What spreadsheets run (OWASP, "CSV Injection").
  ["=1+1", "'=1+1"],
  ['=HYPERLINK("https://evil.example","x")', '"\'=HYPERLINK(""https://evil.example"",""x"")"'],
  ["+SUM(A1)", "'+SUM(A1)"],
  ["-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", "'\t=1"],
  ["＝1+1", "'＝1+1"],
  // Numbers stay numbers.
  ["-5", "-5"],
  ["+3.5 %", "+3.5 %"],
  ["-$1,200.50", '"-$1,200.50"'],
  ["−3", "−3"],
];

// Exports that changed numbers, or ran what looks like one.
const WORLD = new URL("../../../world/rendering/copies.json", import.meta.url);
const REPORTED = JSON.parse(readFileSync(WORLD, "utf8")).cells;

for (const { source, text, cell } of REPORTED) {
  test(`${source}: ${text}`, () => assert.equal(toCsv([[text]]), `${cell}\r\n`));
}

for (const [text, cell] of ROWS) {
  test(`the cell ${JSON.stringify(text)}`, () => assert.equal(toCsv([[text]]), `${cell}\r\n`));
}

test("rows end as RFC 4180 says", () =>
  assert.equal(
    toCsv([
      ["a", "b"],
      ["1", "2"],
    ]),
    "a,b\r\n1,2\r\n",
  ));
