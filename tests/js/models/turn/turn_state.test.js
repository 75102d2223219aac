import assert from "node:assert/strict";
import { test } from "node:test";

import { GapError, TurnState } from "parley/models/turn/turn_state.js";

const EVENTS = [
  { type: "turn.started", seq: 1, model: "m", assistant_message: "a" },
  { type: "notice", seq: 2, code: "retrying", seconds: 3 },
  { type: "block.start", seq: 3, message: "a", index: 0, block: { type: "thinking" } },
  { type: "block.delta", seq: 4, index: 0, thinking: "hm" },
  { type: "block.stop", seq: 5, index: 0 },
  { type: "block.start", seq: 6, message: "a", index: 1, block: { type: "text" } },
  { type: "block.delta", seq: 7, index: 1, text: "Hel" },
  { type: "block.delta", seq: 8, index: 1, text: "lo" },
  { type: "never.heard.of", seq: 9 },
  {
    type: "block.start",
    seq: 10,
    message: "a",
    index: 2,
    block: { type: "tool_use", id: "t", name: "look" },
  },
  { type: "block.delta", seq: 11, index: 2, partial_json: '{"a":' },
  { type: "usage", seq: 12, usage: {}, cost_usd: "0.1", certainty: "exact" },
  { type: "turn.finished", seq: 13, status: "completed", stop_reason: "end_turn", message: "a", error: null },
];

const fold = (events, state = new TurnState({ turn: "t" })) => {
  for (const event of events) state.apply(event);
  return state;
};

test("events fold into blocks", () => {
  const state = fold(EVENTS);
  assert.deepEqual(
    state.blocks.map(({ type, value, open }) => [type, value, open]),
    [
      ["thinking", "hm", false],
      ["text", "Hello", true],
      ["tool_use", '{"a":', true],
    ],
  );
  assert.equal(state.finished, true);
  assert.equal(state.model, "m");
  assert.equal(state.usage.cost_usd, "0.1");
});

test("a snapshot and later events equal all events", () => {
  const whole = fold(EVENTS);
  for (let cut = 0; cut <= EVENTS.length; cut += 1) {
    const early = fold(EVENTS.slice(0, cut));
    const snapshot = new TurnState({
      turn: "t",
      seq: early.seq,
      blocks: early.blocks.map((block) => ({ ...block })),
      notice: early.notice,
    });
    assert.deepEqual(fold(EVENTS.slice(cut), snapshot).blocks, whole.blocks);
  }
});

test("a notice lasts until the first block", () => {
  assert.deepEqual(fold(EVENTS.slice(0, 2)).notice, { code: "retrying", seconds: 3 });
  assert.equal(fold(EVENTS.slice(0, 3)).notice, null);
});

test("a continued answer keeps its blocks and its notice", () => {
  const state = new TurnState({ turn: "t" });
  const block = { type: "block.start", index: 0, block: { type: "text" } };
  const continued = { type: "notice", seq: 2, code: "continued", reason: "connection", after: "m1" };
  state.apply({ ...block, seq: 1, message: "m1" });
  state.apply(continued);
  state.apply({ ...block, seq: 3, message: "m2" });
  assert.deepEqual(
    state.blocks.map((one) => one.message),
    ["m1", "m2"],
  );
  assert.deepEqual(state.notices, [continued]);
});

test("gaps and repetitions are refused", () => {
  const state = fold(EVENTS.slice(0, 4));
  assert.throws(() => state.apply(EVENTS[5]), GapError);
  assert.throws(() => state.apply(EVENTS[3]), GapError);
  assert.equal(state.seq, 4);
});

test("a delta of an unknown block changes only the count", () => {
  const state = fold(EVENTS.slice(0, 1));
  assert.equal(state.apply({ type: "block.delta", seq: 2, index: 7, text: "x" }), null);
  assert.equal(state.seq, 2);
});
