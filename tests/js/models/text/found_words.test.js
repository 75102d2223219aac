import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { foundWords } from "parley/models/text/found_words.js";
import { assertLinear } from "../../support/growth.js";

const found = (text, ...needles) => foundWords(text, needles).map(([start, end]) => text.slice(start, end));

const MARKED = new URL("../../../world/search/marked.json", import.meta.url);

for (const { source, about, text, needles, marked } of JSON.parse(readFileSync(MARKED, "utf8")).texts) {
  test(`${source}: ${about}`, () => assert.deepEqual(found(text, ...needles), marked));
}

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

test("signs of Markdown in words are passed over, and marked only within a hit", () => {
  assert.deepEqual(found("Is **핵심**은 `2**10`?", "핵심은", "210"), ["핵심**은", "2**10"]);
  assert.deepEqual(found("**핵심**은", "핵심"), ["핵심"]);
  assert.deepEqual(found("~~über~~holt", "uberholt"), ["über~~holt"]);
  assert.deepEqual(found("** ``` ~~", "a"), []);
});

test("nothing is found of nothing", () => {
  assert.deepEqual(found("text"), []);
  assert.deepEqual(found("", "word"), []);
});

test("words of all alphabets are found by their beginning, digits too", () => {
  assert.deepEqual(found("שלום בשלום", "שלום"), ["שלום"]);
  assert.deepEqual(found("नमस्ते अनमस्ते", "नमस्ते"), ["नमस्ते"]);
  assert.deepEqual(found("2024 12024", "2024"), ["2024"]);
  assert.deepEqual(found("二〇二四年", "〇二"), ["〇二"]);
});

test("a needle is no pattern, and hits are in the order of the text", () => {
  assert.deepEqual(found("f(x) = [a-b]? $1 {2} a/b", "f(x)", "[a-b]?", "{2}", "a/b"), [
    "f(x)",
    "[a-b]?",
    "{2}",
    "a/b",
  ]);
  assert.deepEqual(found("one two", "two", "one"), ["one", "two"]);
});

test("the time grows with the text, not with its square", () =>
  assertLinear(
    (length) => "Grüße ".repeat(length),
    (text) => assert.equal(found(text, "grusse").length, text.length / 6),
  ));
