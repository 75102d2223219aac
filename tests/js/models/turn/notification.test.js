import assert from "node:assert/strict";
import { test } from "node:test";

import { Claims, toldEvent } from "parley/models/turn/notification.js";
import { MemoryStorage } from "../../support/storage.js";

test("ends and waits are told, what the person did is not", () => {
  assert.equal(toldEvent({ type: "turn.finished", status: "completed" }), "finished");
  assert.equal(toldEvent({ type: "turn.finished", status: "failed" }), "finished");
  assert.equal(toldEvent({ type: "turn.finished", status: "stopped" }), null);
  assert.equal(toldEvent({ type: "turn.waiting" }), "waiting");
  assert.equal(toldEvent({ type: "block.delta" }), null);
});

test("of several tabs one tells an event", () => {
  const storage = new MemoryStorage();
  const [first, second] = [new Claims(storage), new Claims(storage)];
  assert.equal(first.take("turn:9"), true);
  assert.equal(second.take("turn:9"), false);
  assert.equal(second.take("turn:10"), true);
  for (let seq = 0; seq < 50; seq += 1) first.take(`other:${seq}`);
  assert.ok(storage.getItem("parley.told").length < 400, "old ones are forgotten");
});

test("without storage each tab tells for itself", () => {
  const broken = {
    getItem() {
      throw new Error("denied");
    },
  };
  assert.equal(new Claims(broken).take("turn:9"), true);
  const garbage = new MemoryStorage();
  garbage.setItem("parley.told", "{");
  assert.equal(new Claims(garbage).take("turn:9"), true);
});
