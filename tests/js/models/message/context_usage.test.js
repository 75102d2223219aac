import assert from "node:assert/strict";
import { test } from "node:test";

import { contextShare, contextTokens, estimateTokens } from "parley/models/message/context_usage.js";

test("an estimate is one token per three bytes", () => {
  assert.equal(estimateTokens(""), 0);
  assert.equal(estimateTokens("abcd"), 2);
  assert.equal(estimateTokens("가나다"), 3);
});

test("the context is prompt and answer, without a compaction", () => {
  const usage = { input_tokens: 10, cache_read_input_tokens: 200, output_tokens: 5 };
  assert.equal(contextTokens({ ...usage, iterations: [{ type: "compaction", input_tokens: 9000 }] }), 215);
});

test("it warns from 80 % on and never exceeds 100 %", () => {
  assert.deepEqual(contextShare({ used: 500, draft: 250, window: 1000 }), {
    share: 0.5,
    shareWithDraft: 0.75,
    percent: 75,
    warns: false,
    overfull: false,
  });
  assert.equal(contextShare({ used: 500, draft: 300, window: 1000 }).warns, true);
  assert.deepEqual(contextShare({ used: 5000, draft: 0, window: 1000 }), {
    share: 1,
    shareWithDraft: 1,
    percent: 100,
    warns: true,
    overfull: false,
  });
});

test("a draft larger than the window can't be sent, whatever is above it", () => {
  assert.equal(contextShare({ used: 0, draft: 1000, window: 1000 }).overfull, false);
  assert.equal(contextShare({ used: 0, draft: 1001, window: 1000 }).overfull, true);
  assert.equal(contextShare({ used: 900, draft: 200, window: 1000 }).overfull, false);
});
