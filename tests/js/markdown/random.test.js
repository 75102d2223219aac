// Random texts of markers: nothing throws, and an answer is the same streamed and whole.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MarkdownBlocks } from "parley/markdown/parser/blocks.js";

import { htmlOf, joined, written } from "../support/markdown.js";

const PARTS = [
  ...'ab가。()[]*_`$\n|!\\"：「 😀\ud800',
  ...[
    "](",
    "**",
    "~~",
    "``",
    "```\n",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\n\n",
    "- ",
    "> ",
    "1. ",
    "    ",
    "  \n",
  ],
  ...["|-|-|\n", "# ", "---", "===", "<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>"],
  ...["[^1]", "[^1]: ", "[a]: u\n", "https://e.com/", "www.e.com", "@e.com", "&amp;", "<!--", "-->"],
  "\uFDD0[1](/cited/1?)",
];

function generator(seed) {
  let value = seed;
  return (below) => (value = (value * 1103515245 + 12345) % 2147483648) % below;
}

function streamed(text, random) {
  const blocks = new MarkdownBlocks();
  let settled = [];
  let grown = {};
  const grow = (end, options) => {
    grown = blocks.grow(text.slice(0, end), options);
    settled = (grown.reset ? [] : settled).concat(grown.settled);
  };
  for (let end = 1; end <= text.length; end += 1 + random(6)) grow(end);
  grow(text.length, { growing: false });
  return written(joined([...settled, ...grown.open]), grown.notes);
}

test("random texts are the same streamed and whole", () => {
  const random = generator(12345);
  for (let round = 0; round < 600; round += 1) {
    const text = Array.from({ length: 2 + random(40) }, () => PARTS[random(PARTS.length)]).join("");
    assert.equal(streamed(text, random), htmlOf(text), JSON.stringify(text));
  }
});
