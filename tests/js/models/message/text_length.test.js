import assert from "node:assert/strict";
import { test } from "node:test";

import { countCharacters, exceedsBytes, isLonger } from "parley/models/message/text_length.js";

test("an emoji is one character, half of one too", () => {
  assert.equal(countCharacters("a가😀"), 3);
  assert.equal(countCharacters("\ud83d"), 1);
  assert.equal(countCharacters("\ude00\ud83d"), 2);
  assert.equal(countCharacters(""), 0);
});

test("a limit counts characters", () => {
  assert.equal(isLonger("😀".repeat(10), 10), false);
  assert.equal(isLonger("😀".repeat(11), 10), true);
  assert.equal(isLonger("a".repeat(10), 10), false);
});

test("a frame is measured in bytes", () => {
  assert.equal(exceedsBytes("가가", 6), false);
  assert.equal(exceedsBytes("가가", 5), true);
  assert.equal(exceedsBytes("aaaa", 4), false);
  assert.equal(exceedsBytes("anything", Infinity), false);
});
