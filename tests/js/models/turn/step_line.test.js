import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { newestLine, stepLine } from "parley/models/turn/step_line.js";

const WORDS = {
  thinking: "Thinking…",
  thinking_for: "Thinking… {seconds} s",
  thought: "Thought process",
  thought_for: "Thought for {seconds} s",
  tool_waiting: "Waiting for your approval",
  tool_running: "Running…",
  tool_failed: "Failed",
  tool_denied: "Denied",
  tool_expired: "Approval timed out",
  tool_stopped: "Not run",
};
const words = (key, values = {}) => WORDS[key].replace("{seconds}", values.seconds);

// The server's line is held to the same cases by tests/presentation/test_steps.py.
const cases = JSON.parse(readFileSync(new URL("../../../presentation/step_lines.json", import.meta.url)));
for (const { steps, line } of cases) {
  test(`the line of some steps: ${line || "none"}`, () => {
    const read = steps.map((step) => ({ seconds: null, ...step }));
    assert.equal(stepLine(read, words), line);
  });
}

test("a thought that is under way counts its seconds", () => {
  const open = (seconds) => stepLine([{ type: "thinking", open: true, seconds }], words);
  assert.equal(open(0.9), "Thinking…");
  assert.equal(open(6.9), "Thinking… 6 s");
});

test("the newest line is the last one with words, cut from its beginning", () => {
  assert.equal(newestLine("first\n  second \n\n"), "second");
  assert.equal(newestLine(""), "");
  assert.equal(newestLine("one two three", 5), "three");
});
