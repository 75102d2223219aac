import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { MarkdownBlocks } from "parley/markdown/blocks.js";

import { htmlOf, written } from "../support/markdown.js";

const TEXT = `# Title

A paragraph with **bold**, \`code\` and a [link](https://example.org).
Second line, a [defined][later] link and a note[^n].

- one
- two
  - inner

- three, after a blank line

1. first
2. second

| a | b |
|---|:-:|
| 1 | 2 |

\`\`\`python
def f():

    return "# not a heading"
\`\`\`

\\[
x
=
y
\\]

> quoted
> - list

<details>
<summary>More</summary>

Inner **text**

</details>

Setext
======

[later]: https://example.org/later
[^n]: The note, see [later].

Tail with the [later] link, without an end`;
const FOLDER = new URL("../../world/markdown/", import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const ROWS = FILES.flatMap((name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")));

// The same pseudo-random numbers in every run.
function* numbers(seed) {
  for (let value = seed; ;) {
    value = (value * 1103515245 + 12345) % 2147483648;
    yield value;
  }
}

function pieces(text, seed, longest) {
  const random = numbers(seed);
  const found = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + (random.next().value % longest);
    found.push(text.slice(at, at + length));
    at += length;
  }
  return found;
}

// Returns the tokens that a page has settled, those of the tail, and how often it began anew.
function stream(text, seed, longest = 12) {
  const blocks = new MarkdownBlocks();
  let sofar = "";
  let settled = [];
  let grown = {};
  let resets = 0;
  const take = (options) => {
    grown = blocks.grow(sofar, options);
    resets += grown.reset;
    settled = (grown.reset ? [] : settled).concat(grown.settled);
  };
  for (const piece of pieces(text, seed, longest)) {
    sofar += piece;
    take();
  }
  take({ growing: false });
  return { settled, open: grown.open, notes: grown.notes, resets };
}

function streamedHtml(text, seed, longest) {
  const { settled, open, notes } = stream(text, seed, longest);
  return written([...settled, ...open], notes);
}

test("streamed blocks equal the blocks of the whole text", () => {
  const whole = htmlOf(TEXT);
  for (let seed = 1; seed <= 200; seed += 1) {
    const { settled, open } = stream(TEXT, seed);
    assert.equal([...settled, ...open].map((token) => token.raw).join(""), TEXT);
    assert.equal(streamedHtml(TEXT, seed), whole);
  }
});

test("texts of the world are the same streamed and whole", () => {
  for (const [place, { text }] of ROWS.entries()) {
    const long = `Before.\n\n${text}\n\nAfter.\n\nEnd.`;
    for (const longest of [1, 5]) {
      assert.equal(streamedHtml(long, place + 1, longest), htmlOf(long), text);
      assert.equal(streamedHtml(text, place + 1, longest), htmlOf(text), text);
    }
  }
});

test("a late definition renders what refers to it again, once", () => {
  const filler = "Paragraph.\n\n".repeat(20);
  const text = `See [a] and[^n].\n\n${filler}[a]: https://example.com/long/address\n\n[^n]: Note\n\nEnd.`;
  const { resets } = stream(text, 3, 4);
  assert.equal(resets, 2);
  assert.equal(streamedHtml(text, 3, 4), htmlOf(text));
});

test("half of a definition at the end defines nothing yet", () => {
  assert.match(htmlOf("See [a].\n\n[a]: https://exam", { growing: true }), /See \[a\]\./);
  assert.match(htmlOf("See [a].\n\n[a]: https://exam"), /href="https:\/\/exam"/);
});

test("settled blocks are returned once, the tail stays short", () => {
  const long = Array.from({ length: 200 }, (_, place) => `Paragraph number ${place}.`).join("\n\n");
  const { settled, open } = stream(long, 7, 40);
  assert.equal(settled.filter((token) => token.type === "paragraph").length, 198);
  assert.equal(open.filter((token) => token.type === "paragraph").length, 2);
});

test("the work per step does not grow with the text", () => {
  const blocks = new MarkdownBlocks();
  let sofar = "";
  let lexed = 0;
  for (let place = 0; place < 500; place += 1) {
    sofar += `Paragraph number ${place} with some words.\n\n`;
    const before = blocks.settled;
    blocks.grow(sofar);
    lexed = Math.max(lexed, sofar.length - before);
  }
  assert.ok(lexed < 400, `${lexed} characters were read again`);
});

test("a text whose settled part changes is refused", () => {
  const blocks = new MarkdownBlocks();
  blocks.grow("one\n\ntwo\n\nthree\n\nfour");
  assert.throws(() => blocks.grow("other"));
});
