// While a text grows, markers that lack their other half are not shown for long.

import assert from "node:assert/strict";
import { test } from "node:test";

import { htmlOf } from "../support/markdown.js";

const visible = (html) => html.replace(/<[^>]*>/g, "");

// Texts with a pattern that no beginning of them may show.
const ROWS = [
  ["이것은 **아주 중요한 점**입니다", /\*/],
  ["*강조(기울임)*는 끝", /\*/],
  ["값 ~~지운 글~~도", /~/],
  ["run `npm publish` now", /`/],
  ["see [the documents](https://example.com/a) there", /https|\(/],
  ["Area is \\(a_1 \\cdot b_2\\) here", /(?<!\\)\(/],
  ["Then $$a_1 \\cdot b^*$$ here", /cdot.*cdot/],
];

for (const [text, pattern] of ROWS) {
  test(`no beginning shows a lone marker: ${text}`, () => {
    for (let end = 1; end < text.length; end += 1) {
      const shown = visible(htmlOf(text.slice(0, end), { growing: true }));
      assert.doesNotMatch(shown, pattern, text.slice(0, end));
    }
  });
}

test("an open formula on lines of its own is one block", () => {
  const html = htmlOf("Text\n\n\\[\na\n=\n- b", { growing: true });
  assert.match(html, /<code class="formula-block">\\\[\na\n=\n- b<\/code>/);
});

test("only the end of the text is completed", () => {
  const text = "first **open\n\nsecond **open";
  const html = htmlOf(text, { growing: true });
  assert.equal(html, "<p>first **open</p>\n<p>second <strong>open</strong></p>");
  assert.equal(htmlOf(text), "<p>first **open</p>\n<p>second **open</p>");
});

test("a finished text shows what it lacks", () => {
  assert.equal(htmlOf("a **b"), "<p>a **b</p>");
  assert.equal(htmlOf("a `b"), "<p>a `b</p>");
  assert.equal(
    htmlOf("a [b](https://example.com/x"),
    '<p>a [b](<a href="https://example.com/x">https://example.com/x</a></p>',
  );
});

test("stars of a product are not completed either", () => {
  assert.equal(htmlOf("so 2*3", { growing: true }), "<p>so 2*3</p>");
});

test("the end of each kind of block is found", () => {
  const rows = [
    ["- a\n- b **c", /<strong>c<\/strong>/],
    ["> b **c", /<strong>c<\/strong>/],
    ["| a | b |\n|---|---|\n| c | **d", /<strong>d<\/strong>/],
    ["| a | b |\n|---|---|", /<th>b<\/th>/],
    ["# b **c", /<strong>c<\/strong>/],
    ["<details><summary>b **c</summary>", /<strong>c<\/strong>/],
    ["<details><summary>b</summary>\n\n**c", /<strong>c<\/strong>/],
    ["a **b\n\n```\ncode", /a \*\*b/],
    ["a **b\n\n", /a \*\*b/],
  ];
  for (const [text, pattern] of rows) assert.match(htmlOf(text, { growing: true }), pattern, text);
});
