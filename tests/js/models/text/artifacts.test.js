import assert from "node:assert/strict";
import { test } from "node:test";

import { isArtifact, titleIn, withVersions } from "parley/models/text/artifacts.js";

const page = (title, body = "x") =>
  `<!doctype html>\n<html>\n<title>${title}</title>\n<body>\n${body.repeat(200)}\n</body>`;
const program = (lines) =>
  Array.from({ length: lines }, (_, line) => `print("line ${line} of the program, long enough")`).join("\n");

test("what is large enough is an artifact", () => {
  assert.ok(isArtifact("html", page("A")));
  assert.ok(!isArtifact("html", "<p>short</p>"));
  assert.ok(isArtifact("python", program(30)));
  assert.ok(!isArtifact("python", program(5)));
  assert.ok(!isArtifact("console", program(30)));
  assert.ok(!isArtifact("mermaid", program(30)));
});

const TITLES = [
  ["html", "<title>Tom &amp; Co</title>", "", "Tom & Co"],
  ["html", "<h1>Only a heading</h1>", "", "Only a heading"],
  ["svg", '<svg aria-label="A red dot"/>', "", "A red dot"],
  ["markdown", "text\n\n## The **plan** ##\n", "", "The plan"],
  ["code", "x", "app.py", "app.py"],
  ["html", "<title><img src=x onerror=alert(1)></title>", "", ""],
];
for (const [kind, text, file, title] of TITLES) {
  test(`the title of ${text}`, () => assert.equal(titleIn(kind, text, file), title));
}

test("later blocks of the same kind and title are versions", () => {
  const blocks = [
    { language: "html", text: page("Clock"), file: "" },
    { language: "html", text: "<p>short</p>", file: "" },
    { language: "python", text: program(30), file: "app.py" },
    { language: "html", text: page("clock", "y"), file: "" },
    { language: "html", text: page("Other"), file: "" },
    { language: "python", text: program(31), file: "app.py" },
    { language: "python", text: program(31), file: "test.py" },
  ];
  const found = withVersions(blocks).map((each) => each && [each.key, each.version]);
  assert.deepEqual(found, [
    ["html:clock", 1],
    null,
    ["code:app.py", 1],
    ["html:clock", 2],
    ["html:other", 1],
    ["code:app.py", 2],
    ["code:test.py", 1],
  ]);
});
