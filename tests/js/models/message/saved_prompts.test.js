// Saved prompts as people type, write and fill them: the rows of tests/world/composer/.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fillPrompt, placeholders } from "parley/models/message/prompt_template.js";
import { matchingPrompts, slashQuery } from "parley/models/message/slash_query.js";

const rows = (name) =>
  JSON.parse(readFileSync(new URL(`../../../world/composer/${name}.json`, import.meta.url), "utf8"));
const MOMENTS = { today: "1 May", now: "1 May 10:00" };
const PROMPTS = [
  { command: "email", description: "" },
  { command: "letter", description: "Not a mail" },
  { command: "mail-reply", description: "" },
  { command: "café", description: "" },
  { command: "summary", description: "Shortens" },
  { command: "요약", description: "" },
];

for (const { about, text, asks, values, filled, defaults = {}, options = {} } of rows("prompts")) {
  test(about, () => {
    const fields = placeholders(text);
    assert.deepEqual(
      fields.map(({ name }) => name),
      asks,
    );
    for (const field of fields) {
      assert.equal(field.value, defaults[field.name] ?? "");
      assert.deepEqual(field.options, options[field.name] ?? []);
    }
    assert.equal(fillPrompt(text, values, MOMENTS), filled);
  });
}

test("a value that was not given is empty", () => {
  assert.equal(fillPrompt("a{{b}}c", {}, MOMENTS), "ac");
});

for (const { about, typed, found } of rows("slash")) {
  test(about, () => {
    const query = slashQuery(typed);
    const commands = query === null ? null : matchingPrompts(PROMPTS, query).map(({ command }) => command);
    assert.deepEqual(commands, found);
  });
}

test("a slash alone finds all, in their order", () => {
  assert.deepEqual(matchingPrompts(PROMPTS, slashQuery("/")), PROMPTS);
});
