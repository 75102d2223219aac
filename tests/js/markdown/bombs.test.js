// Texts that were made to exhaust a parser: nothing throws, nothing is lost, and time grows with the length only.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertLinear } from "../support/growth.js";
import { htmlOf } from "../support/markdown.js";

const BOMBS = {
  "quotations in quotations": (n) => "> ".repeat(n),
  "quotations with text": (n) => `${">".repeat(n)} a\nb\n${">".repeat(n)} c`,
  "lists in lists": (n) => `${"- ".repeat(n)}a`,
  "lists and quotations": (n) => `${"- > ".repeat(n)}a\nb\n> - c`,
  "numbered lists in lists": (n) => `${"1. ".repeat(n)}a`,
  "open brackets": (n) => "[".repeat(n),
  "brackets in brackets": (n) => "[".repeat(n) + "]".repeat(n),
  "open links": (n) => "[a](".repeat(n),
  "open links without a blank": (n) => "[a](b".repeat(n),
  "links behind open brackets": (n) => "[".repeat(n) + "[a](b)".repeat(n),
  "images in images": (n) => `${"![".repeat(n)}a${"](b)".repeat(n)}`,
  "a run of stars": (n) => "*".repeat(n),
  "open emphasis": (n) => "*a ".repeat(n),
  "emphasis in emphasis": (n) => `${"*a **b ".repeat(n)}c${"** d* ".repeat(n)}`,
  "stars and underscores": (n) => "*t ".repeat(n) + "_t*_ ".repeat(n),
  "closers of other kinds": (n) => "*a _b ".repeat(n) + "c** ~~".repeat(n),
  "list marks with stars": (n) => "- *".repeat(n),
  "stars and closing brackets": (n) => "*]".repeat(n),
  "backticks of all lengths": (n) =>
    Array.from({ length: Math.sqrt(n) * 2 }, (_, i) => "`".repeat(i + 1)).join("a"),
  "open tags": (n) => "<a ".repeat(n),
  "open comments": (n) => "<!-- ".repeat(n),
  "open details": (n) => "<details>\n".repeat(n),
  "bold tags in bold tags": (n) => "<b>".repeat(n) + "</i>".repeat(n) + "</b>".repeat(n),
  dollars: (n) => "$a ".repeat(n),
  "open formulas": (n) => "\\[a".repeat(n),
  "lines of open formulas": (n) => "\\[\n".repeat(n),
  addresses: (n) => "http://".repeat(n),
  hosts: (n) => "www.".repeat(n),
  mail: (n) => "a@".repeat(n),
  "footnotes in footnotes": (n) => "[^a]: ".repeat(n),
  "many footnotes": (n) => Array.from({ length: n }, (_, i) => `[^${i}]: a`).join("\n"),
  "lazy lines of a list": (n) => `- a\n${"b\n".repeat(n)}`,
  "rows of a table": (n) => `|a|b|\n|-|-|\n${"|**a**|b|\n".repeat(n)}`,
  "lines of a paragraph": (n) => "a\n".repeat(n),
  spaces: (n) => `a${" ".repeat(n)}\n`.repeat(3),
  backslashes: (n) => "\\".repeat(n),
  entities: (n) => "&#0;&".repeat(n),
};

for (const [name, bomb] of Object.entries(BOMBS)) {
  for (const growing of [false, true]) {
    test(`bomb: ${name}${growing ? ", growing" : ""}`, () =>
      assertLinear(bomb, (text) => assert.ok(htmlOf(text, { growing }).length >= 0)));
  }
}

test("what lies deeper than the limit is text", () => {
  const html = htmlOf(`${"> ".repeat(40)}deep`);
  assert.equal(html.match(/<blockquote>/g).length, 24);
  assert.match(html, /<p>(?:&gt; )+deep<\/p>/);
  assert.match(htmlOf(`${"- ".repeat(40)}deep`), /(?:- )+deep/);
});

test("what emphasis is too deep stays as typed", () => {
  const html = htmlOf(`${"*a **b ".repeat(40)}c${"** d* ".repeat(40)}`);
  assert.ok(html.match(/<(?:em|strong)>/g).length >= 24);
  assert.match(html, /\*a \*\*b/);
});
