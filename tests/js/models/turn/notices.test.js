import assert from "node:assert/strict";
import { test } from "node:test";

import { noticeText } from "parley/models/turn/notices.js";

test("waiting is shown after two seconds, until a block arrives", () => {
  const at = (now, extra = {}) => noticeText({ notice: null, hasBlocks: false, since: 1000, now, ...extra });
  assert.equal(at(2900), null);
  assert.deepEqual(at(3000), { key: "notice_first", seconds: 2 });
  assert.deepEqual(at(9999), { key: "notice_first", seconds: 8 });
  assert.equal(at(6900, { hasBlocks: true }), null);
});

test("a stream that stands still says so after six seconds", () => {
  const at = (now, extra = {}) =>
    noticeText({ notice: null, hasBlocks: true, since: 0, lastEventAt: 10_000, now, ...extra });
  assert.equal(at(15_900), null);
  assert.deepEqual(at(16_000), { key: "notice_stalled", seconds: 6 });
  assert.deepEqual(at(50_500), { key: "notice_stalled", seconds: 40 });
  assert.equal(at(50_500, { counts: true }), null);
});

test("a retry counts down to its start", () => {
  const notice = { code: "retrying", seconds: 3 };
  const at = (now) => noticeText({ notice, hasBlocks: false, since: 0, now });
  assert.deepEqual(at(0), { key: "notice_retrying", seconds: 3 });
  assert.deepEqual(at(2100), { key: "notice_retrying", seconds: 1 });
  assert.deepEqual(at(3000), { key: "notice_retrying_now", seconds: null });
});

test("each known code has a text, and unknown ones a general one", () => {
  const keys = {
    decision: "turn_waiting",
    summarising: "notice_summarising",
    "new code": "notice_waiting",
  };
  for (const [code, key] of Object.entries(keys)) {
    const shown = noticeText({ notice: { code }, hasBlocks: code === "new code", since: 0, now: 10 });
    assert.deepEqual(shown, { key, seconds: null });
  }
});
