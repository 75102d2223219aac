import assert from "node:assert/strict";
import { test } from "node:test";

import { marked } from "marked";
import { MarkdownBlocks } from "parley/models/markdown_blocks.js";

const TEXT = `# Title

A paragraph with **bold**, \`code\` and a [link](https://example.org).
Second line.

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

> quoted
> - list

Setext
======

Tail without an end`;

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

function stream(text, seed, longest = 12) {
  const blocks = new MarkdownBlocks();
  let sofar = "";
  let settled = [];
  let open = [];
  for (const piece of pieces(text, seed, longest)) {
    sofar += piece;
    const grown = blocks.grow(sofar);
    settled = settled.concat(grown.settled);
    open = grown.open;
  }
  return { settled, open };
}

test("streamed blocks equal the blocks of the whole text", () => {
  const whole = marked.parser(marked.lexer(TEXT));
  for (let seed = 1; seed <= 200; seed += 1) {
    const { settled, open } = stream(TEXT, seed);
    assert.equal([...settled, ...open].map((token) => token.raw).join(""), TEXT);
    const rendered = marked.parser(settled) + marked.parser(open);
    assert.equal(rendered, whole);
  }
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
