import assert from "node:assert/strict";
import { test } from "node:test";

import { editRequest } from "parley/models/message/edit_request.js";

const translate = (key, { title, version, from, to } = {}) =>
  `${key} ${title} ${version} ${from ?? ""}-${to ?? ""}`;
const artifact = { title: "Clock", version: 2, language: "py", text: "a\nb = '```'\nc" };

test("the marked lines are quoted in a fence that they don't close", () => {
  const text = editRequest(artifact, { from: 2, to: 3 }, "Make it red", translate);
  assert.equal(text, "Make it red\n\nedit_lines Clock 2 2-3\n\n````python\nb = '```'\nc\n````");
});

test("without marked lines the whole is meant", () => {
  assert.equal(editRequest(artifact, null, "Shorter", translate), "Shorter\n\nedit_whole Clock 2 -");
});

test("an artifact without a title has its language or a word for a name", () => {
  assert.match(editRequest({ ...artifact, title: "" }, null, "x", translate), /edit_whole py 2/);
  assert.match(
    editRequest({ ...artifact, title: "", language: "" }, null, "x", translate),
    /edit_whole code/,
  );
});
