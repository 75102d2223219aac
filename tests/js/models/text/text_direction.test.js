import assert from "node:assert/strict";
import { test } from "node:test";

import { directionOf, hasRightToLeft } from "parley/models/text/text_direction.js";

test("the first letter says the direction", () => {
  assert.equal(directionOf("hello שלום"), "ltr");
  assert.equal(directionOf("1. שלום hello"), "rtl");
  assert.equal(directionOf("가\u200f"), "ltr");
  assert.equal(directionOf("\u200fhello"), "rtl");
  assert.equal(directionOf("12 + 30\n😀"), "");
  assert.equal(directionOf(""), "");
});

test("letters from right to left are found anywhere", () => {
  assert.ok(hasRightToLeft("hello مرحبا"));
  assert.ok(!hasRightToLeft("hello 가"));
});
