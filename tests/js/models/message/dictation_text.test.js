import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { dictatedText, insertedAt } from "parley/models/message/dictation_text.js";

const WORLD = JSON.parse(readFileSync(new URL("../../../world/voice/dictation.json", import.meta.url)));

for (const { name, results, cumulative, text } of WORLD) {
  test(name, () => {
    const heard = results.map((alternatives) => alternatives.map((transcript) => ({ transcript })));
    assert.equal(dictatedText(heard, { cumulative }), text);
  });
}

test("a dictation stands at the cursor, with a space where one is missing", () => {
  assert.deepEqual(insertedAt("", "hello", ""), { value: "hello", cursor: 5 });
  assert.deepEqual(insertedAt("Say", "hello", "to Kim"), { value: "Say hello to Kim", cursor: 9 });
  assert.deepEqual(insertedAt("Say ", "hello", ", Kim"), { value: "Say hello, Kim", cursor: 9 });
  assert.deepEqual(insertedAt("Say\n", "", "x"), { value: "Say\nx", cursor: 4 });
});
