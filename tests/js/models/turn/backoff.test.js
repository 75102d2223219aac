import assert from "node:assert/strict";
import { test } from "node:test";

import { delayBefore } from "parley/models/turn/backoff.js";

test("delays grow to a limit, with jitter", () => {
  assert.equal(delayBefore(0, { random: () => 1 }), 500);
  assert.equal(delayBefore(3, { random: () => 1 }), 4000);
  assert.equal(delayBefore(3, { random: () => 0 }), 2000);
  assert.equal(delayBefore(99, { random: () => 1 }), 30_000);
});

test("a planned close is followed by one immediate attempt", () => {
  for (const code of [1012, 4408]) {
    assert.ok(delayBefore(0, { code, random: () => 1 }) <= 300);
    assert.ok(delayBefore(1, { code, random: () => 0 }) >= 500);
  }
});

test("too many connections mean a long delay", () => {
  assert.ok(delayBefore(0, { code: 4429 }) >= 15_000);
});
