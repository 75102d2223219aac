import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { MarkdownBlocks } from "parley/markdown/parser/blocks.js";

import { htmlOf, joined, written } from "../../support/markdown.js";

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
const FOLDER = new URL("../../../world/markdown/", import.meta.url);
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
  return written(joined([...settled, ...open]), notes);
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

const MARKS = [
  "**b**",
  "`c`",
  "[x](https://e.com)",
  "|",
  "\\|",
  "$a_1$",
  "text",
  "한글",
  "~~d~~",
  "<b>",
  "1.",
  "-",
  "# h",
];

// Rows of all kinds, with what may follow them.
function rows(kind, random, count) {
  const word = () => MARKS[random.next().value % MARKS.length];
  const line = {
    table: () => `| ${word()} | ${word()} |`,
    list: () => `- ${word()} ${word()}`,
    loose: () => `* ${word()}\n`,
  };
  line.nested = () => `- ${word()}\n  - ${word()}\n    more`;
  line.numbers = () => `${1 + (random.next().value % 90)}. ${word()}`;
  line.tasks = () => `- [ ] ${word()}\n  lazy\n`.slice(0, random.next().value % 2 ? undefined : -1);
  const made = Array.from({ length: count }, line[kind]).join("\n");
  return (kind === "table" ? "| a | b |\n|:-:|---|\n" : "") + made;
}

for (const kind of ["table", "list", "loose", "nested", "numbers", "tasks"]) {
  test(`many rows are the same streamed and whole: ${kind}`, () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const text = `Before.\n\n${rows(kind, numbers(seed), 120)}\n\nAfter.\n\n> End`;
      assert.equal(streamedHtml(text, seed, 60), htmlOf(text), `seed ${seed}`);
      const { settled, open } = stream(text, seed, 60);
      assert.equal([...settled, ...open].map((token) => token.raw).join(""), text);
    }
  });
}

test("of many rows only the last ones are read again", () => {
  for (const kind of ["table", "list", "loose"]) {
    const blocks = new MarkdownBlocks();
    const text = `Before.\n\n${rows(kind, numbers(5), 3000)}`;
    let longest = 0;
    for (let end = 4000; end < text.length; end += 100) {
      const { open } = blocks.grow(text.slice(0, end));
      longest = Math.max(
        longest,
        open.reduce((sum, token) => sum + (token.items ?? token.rows ?? []).length, 0),
      );
    }
    // A line such as "- - -" ends a list, and a short one is whole.
    assert.ok(longest < 50, `${kind}: ${longest}`);
  }
});

test("a blank line that comes late sets all items of a long list apart", () => {
  const items = (from, to, between) =>
    Array.from({ length: to - from }, (_, at) => `- item ${from + at}`).join(between);
  const text = `${items(0, 100, "\n")}\n\n${items(100, 160, "\n")}`;
  const { resets } = stream(text, 1, 20);
  assert.equal(resets, 1);
  assert.equal(streamedHtml(text, 1, 20), htmlOf(text));
  assert.match(htmlOf(text), /<li><p>item 0</);
});

test("footnotes in the rows of a long table keep their numbers", () => {
  const text = `[^a]: A\n\n[^b]: B\n\n| x |\n|---|\n${"| [^b] |\n| [^a] |\n".repeat(60)}\nEnd [^a].`;
  assert.equal(streamedHtml(text, 2, 30), htmlOf(text));
});
