import assert from "node:assert/strict";
import { test } from "node:test";

import { APPLY, Follower, IGNORE, LOOK, RESUME } from "parley/models/follower.js";

const event = (turn, seq, type = "block.delta") => ({ type, turn, seq });

test("events in order are applied and repetitions ignored", () => {
  const follower = new Follower("c");
  follower.follow("t");
  assert.deepEqual(
    [1, 2, 2, 1, 3].map((seq) => follower.take(event("t", seq))),
    [APPLY, APPLY, IGNORE, IGNORE, APPLY],
  );
  assert.deepEqual(follower.subscription(), { type: "subscribe", conversation: "c", turn: "t", after: 3 });
});

test("a gap asks for one new subscription, however much more of the old one arrives", () => {
  let now = 0;
  const follower = new Follower("c", { turn: "t", seq: 2, now: () => now });
  assert.equal(follower.take(event("t", 5)), RESUME);
  assert.equal(follower.subscription().after, 2);
  assert.deepEqual([follower.take(event("t", 6)), follower.take(event("t", 7))], [IGNORE, IGNORE]);
  assert.equal(follower.take(event("t", 3)), APPLY);
  assert.equal(follower.take(event("t", 9)), RESUME);
  follower.subscription();
  now += 5000; // it was lost
  assert.equal(follower.take(event("t", 10)), RESUME);
});

test("a subscription from before the turn brings nothing of it", () => {
  const follower = new Follower("c", { now: () => 0 });
  follower.subscription();
  follower.follow("t");
  assert.equal(follower.take(event("t", 2)), RESUME);
});

test("a page that read itself anew has asked already", () => {
  const follower = new Follower("c", { now: () => 0 });
  follower.jump({ turn: "t", seq: 4 });
  follower.subscription();
  assert.equal(follower.take(event("t", 90)), IGNORE);
  assert.equal(follower.take(event("t", 5)), APPLY);
});

test("an accepted turn is followed from its first event", () => {
  const follower = new Follower("c", { turn: "t", seq: 2 });
  follower.follow("u");
  assert.equal(follower.take(event("u", 1)), APPLY);
  assert.equal(follower.take(event("t", 3)), IGNORE);
  follower.follow("v");
  assert.equal(follower.take(event("v", 4)), RESUME);
  assert.deepEqual(follower.subscription(), { type: "subscribe", conversation: "c", turn: "v", after: 0 });
});

test("a turn that nobody announced here takes nothing away: the thread is looked at once", () => {
  const follower = new Follower("c", { turn: "t", seq: 2 });
  assert.deepEqual([follower.take(event("u", 1)), follower.take(event("u", 2))], [LOOK, IGNORE]);
  assert.equal(follower.take(event("t", 3)), APPLY);
  follower.jump({ turn: "u", seq: 2 }); // it is this conversation's
  assert.equal(follower.take(event("u", 3)), APPLY);
});

test("a turn that left from here for another conversation is passed over", () => {
  const follower = new Follower("c", { turn: "t", seq: 2 });
  follower.pass("u");
  assert.equal(follower.take(event("u", 1)), IGNORE);
  assert.equal(follower.take(event("t", 3)), APPLY);
});

test("a finished turn is over, whatever is repeated", () => {
  const follower = new Follower("c", { turn: "t", seq: 1 });
  assert.equal(follower.take(event("t", 2, "turn.finished")), APPLY);
  assert.equal(follower.turn, null);
  assert.equal(follower.take(event("t", 1)), IGNORE);
  assert.equal(follower.follow("t"), false);
  assert.equal(follower.follow("u"), true);
});

test("what the page shows decides where to go on", () => {
  const follower = new Follower("c", { turn: "t", seq: 9 });
  follower.jump({ turn: "t", seq: 4 });
  assert.equal(follower.subscription().after, 4);
  follower.jump(null);
  assert.deepEqual([follower.turn, follower.take(event("t", 5))], [null, IGNORE]);
  follower.jump({ turn: "u", seq: 3 });
  assert.equal(follower.take(event("u", 4)), APPLY);
});
