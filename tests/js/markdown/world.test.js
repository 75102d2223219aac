// Answers as people of many languages get them: each row of tests/world/markdown/ has a text and its HTML.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { htmlOf } from "../support/markdown.js";

const folder = new URL("../../world/markdown/", import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  for (const { text, html } of JSON.parse(readFileSync(new URL(file, folder), "utf8"))) {
    test(`${file}: ${JSON.stringify(text).slice(0, 60)}`, () => assert.equal(htmlOf(text), html));
  }
}
