import assert from "node:assert/strict";
import { test } from "node:test";

import { APPLY, IGNORE, RELOAD, RESUBSCRIBE, Subscription } from "parley/models/turn/subscription.js";

const event = (turn, seq, type = "block.delta") => ({ type, turn, seq });

test("events in order are applied and repetitions ignored", () => {
  const subscription = new Subscription("c");
  subscription.follow("t");
  assert.deepEqual(
    [1, 2, 2, 1, 3].map((seq) => subscription.check(event("t", seq))),
    [APPLY, APPLY, IGNORE, IGNORE, APPLY],
  );
  assert.deepEqual(subscription.request(), { type: "subscribe", conversation: "c", turn: "t", after: 3 });
});

test("a gap causes one new subscription, not one per event", () => {
  let now = 0;
  const subscription = new Subscription("c", { turn: "t", seq: 2, now: () => now });
  assert.equal(subscription.check(event("t", 5)), RESUBSCRIBE);
  assert.equal(subscription.request().after, 2);
  assert.deepEqual([subscription.check(event("t", 6)), subscription.check(event("t", 7))], [IGNORE, IGNORE]);
  assert.equal(subscription.check(event("t", 3)), APPLY);
  assert.equal(subscription.check(event("t", 9)), RESUBSCRIBE);
  subscription.request();
  now += 5000; // it was lost
  assert.equal(subscription.check(event("t", 10)), RESUBSCRIBE);
});

test("a subscription before the turn does not cover its gaps", () => {
  const subscription = new Subscription("c", { now: () => 0 });
  subscription.request();
  subscription.follow("t");
  assert.equal(subscription.check(event("t", 2)), RESUBSCRIBE);
});

test("a page that has reloaded its thread does not ask twice", () => {
  const subscription = new Subscription("c", { now: () => 0 });
  subscription.sync({ turn: "t", seq: 4 });
  subscription.request();
  assert.equal(subscription.check(event("t", 90)), IGNORE);
  assert.equal(subscription.check(event("t", 5)), APPLY);
});

test("an accepted turn is followed from its first event", () => {
  const subscription = new Subscription("c", { turn: "t", seq: 2 });
  subscription.follow("u");
  assert.equal(subscription.check(event("u", 1)), APPLY);
  assert.equal(subscription.check(event("t", 3)), IGNORE);
  subscription.follow("v");
  assert.equal(subscription.check(event("v", 4)), RESUBSCRIBE);
  assert.deepEqual(subscription.request(), { type: "subscribe", conversation: "c", turn: "v", after: 0 });
});

test("an unknown turn reloads the thread once", () => {
  const subscription = new Subscription("c", { turn: "t", seq: 2 });
  assert.deepEqual([subscription.check(event("u", 1)), subscription.check(event("u", 2))], [RELOAD, IGNORE]);
  assert.equal(subscription.check(event("t", 3)), APPLY);
  subscription.sync({ turn: "u", seq: 2 }); // it belongs to this conversation
  assert.equal(subscription.check(event("u", 3)), APPLY);
});

test("an ignored turn of another conversation changes nothing", () => {
  const subscription = new Subscription("c", { turn: "t", seq: 2 });
  subscription.ignore("u");
  assert.equal(subscription.check(event("u", 1)), IGNORE);
  assert.equal(subscription.check(event("t", 3)), APPLY);
});

test("events of a finished turn are ignored", () => {
  const subscription = new Subscription("c", { turn: "t", seq: 1 });
  assert.equal(subscription.check(event("t", 2, "turn.finished")), APPLY);
  assert.equal(subscription.turn, null);
  assert.equal(subscription.check(event("t", 1)), IGNORE);
  assert.equal(subscription.follow("t"), false);
  assert.equal(subscription.follow("u"), true);
});

test("the state on the page decides where to continue", () => {
  const subscription = new Subscription("c", { turn: "t", seq: 9 });
  subscription.sync({ turn: "t", seq: 4 });
  assert.equal(subscription.request().after, 4);
  subscription.sync(null);
  assert.deepEqual([subscription.turn, subscription.check(event("t", 5))], [null, IGNORE]);
  subscription.sync({ turn: "u", seq: 3 });
  assert.equal(subscription.check(event("u", 4)), APPLY);
});
