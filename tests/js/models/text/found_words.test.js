import assert from "node:assert/strict";
import { test } from "node:test";

import { foundWords } from "parley/models/text/found_words.js";

const found = (text, ...needles) => foundWords(text, needles).map(([start, end]) => text.slice(start, end));

test("words are found by their beginning, whatever their case and accents", () => {
  assert.deepEqual(found("My Garden, begarden gardens", "garden"), ["Garden", "garden"]);
  assert.deepEqual(found("Viele Grüße aus Café", "cafe"), ["Café"]);
  assert.deepEqual(found("В Москве", "москв"), ["Москв"]);
});

test("Korean is found inside words, composed or not", () => {
  assert.deepEqual(found("서울시청에서", "시청"), ["시청"]);
  const decomposed = "오늘 정원에".normalize("NFD");
  assert.deepEqual(found(decomposed, "정원"), ["정원".normalize("NFD")]);
});

test("a phrase is found over a line break, and signs count", () => {
  assert.deepEqual(found("in the\nhouse", "the house"), ["the\nhouse"]);
  assert.deepEqual(found("c and C++", "c++"), ["C++"]);
  assert.deepEqual(found("don’t", "don't"), ["don’t"]);
});

test("nothing is found of nothing", () => {
  assert.deepEqual(found("text"), []);
  assert.deepEqual(found("", "word"), []);
});
