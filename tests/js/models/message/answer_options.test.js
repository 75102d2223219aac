import assert from "node:assert/strict";
import { test } from "node:test";

import { foundChoices } from "parley/models/lists/choice_search.js";
import { nearestEffort } from "parley/models/message/effort.js";

test("a model gets the highest level below the wish", () => {
  assert.equal(nearestEffort("max", ["low", "high"]), "high");
  assert.equal(nearestEffort("medium", ["low", "high"]), "low");
  assert.equal(nearestEffort("low", ["high"]), "");
  assert.equal(nearestEffort("", ["low"]), "");
  assert.equal(nearestEffort("unknown", ["low"]), "");
});

const GROUPS = [
  {
    name: "Assistants",
    choices: [
      { name: "Guide", about: "Über alles" },
      { name: "요약", about: "" },
    ],
  },
  { name: "Anthropic", choices: [{ name: "Claude Opus 5.5", about: "" }] },
];
const names = (query) =>
  foundChoices(GROUPS, query).flatMap(({ choices }) => choices.map(({ name }) => name));

test("every word is found in the name, the description or the group", () => {
  assert.deepEqual(names(""), ["Guide", "요약", "Claude Opus 5.5"]);
  assert.deepEqual(names("opus anthr"), ["Claude Opus 5.5"]);
  assert.deepEqual(names("UBER"), ["Guide"]);
  assert.deepEqual(names(" 요 "), ["요약"]);
  assert.deepEqual(names("요야"), ["요약"]);
  assert.deepEqual(names("guide opus"), []);
  assert.deepEqual(foundChoices(GROUPS, "opus").length, 1);
});
