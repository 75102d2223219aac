import assert from "node:assert/strict";
import { test } from "node:test";

import { fileTokens } from "parley/models/message/file_tokens.js";

test("pictures count by their size, up to the API's limit", () => {
  assert.equal(fileTokens({ kind: "image", width: 1000, height: 750 }), 1000);
  assert.equal(fileTokens({ kind: "image", width: 8000, height: 8000 }), 4784);
  assert.equal(fileTokens({ kind: "image", width: null, height: null }), 0);
});

test("documents count by their pages or their text", () => {
  assert.equal(fileTokens({ kind: "pdf", pages: 4 }), 12_000);
  assert.equal(fileTokens({ kind: "pdf", pages: null }), 3000);
  assert.equal(fileTokens({ kind: "text", characters: 1000 }), 400);
  assert.equal(fileTokens({ kind: "office", characters: null }), 0);
});
