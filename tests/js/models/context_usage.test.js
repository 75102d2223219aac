import assert from "node:assert/strict";
import { test } from "node:test";

import { contextTokens, estimateTokens, fullness } from "parley/models/fullness.js";
import { noticeWords } from "parley/models/notices.js";

test("a token per three bytes, as the server guesses", () => {
  assert.equal(estimateTokens(""), 0);
  assert.equal(estimateTokens("abcd"), 2);
  assert.equal(estimateTokens("가나다"), 3);
});

test("the context holds prompt and answer, and not what a compaction read", () => {
  const usage = { input_tokens: 10, cache_read_input_tokens: 200, output_tokens: 5 };
  assert.equal(contextTokens({ ...usage, iterations: [{ type: "compaction", input_tokens: 9000 }] }), 215);
});

test("fullness warns from four fifths on and never overflows", () => {
  assert.deepEqual(fullness({ used: 500, draft: 250, window: 1000 }), {
    share: 0.5,
    draftShare: 0.75,
    percent: 75,
    warns: false,
  });
  assert.equal(fullness({ used: 500, draft: 300, window: 1000 }).warns, true);
  assert.deepEqual(fullness({ used: 5000, draft: 0, window: 1000 }), {
    share: 1,
    draftShare: 1,
    percent: 100,
    warns: true,
  });
});

test("a summary that is being written is told", () => {
  const told = noticeWords({ notice: { code: "summarising" }, hasBlocks: false, since: 0, now: 10 });
  assert.equal(told.key, "notice_summarising");
});
