import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "parley/models/message/outbox.js";

import { forbiddenStorage, MemoryStorage } from "../../support/storage.js";

// A stand-in for Web Locks: a page holds its locks until it is closed.
class Locks {
  queues = new Map();
  request(name, callback) {
    const queue = this.queues.get(name) ?? [];
    this.queues.set(name, queue);
    queue.push(callback);
    if (queue.length === 1) callback();
  }
  close(page) {
    const queue = this.queues.get(`parley.page.${page}`);
    queue.shift();
    for (const callback of queue.splice(0)) callback();
  }
}

const message = (id, conversation = null) => ({ type: "turn.start", client_id: id, conversation, text: id });
const open = (storage, page, { user = "p", locks = null, ...options } = {}) =>
  new Outbox(storage, user, { page, locks, ...options });

function takenOver(outbox) {
  const taken = [];
  outbox.takeOver((kept) => taken.push(kept.client_id));
  return taken;
}

test("messages stay in order until they are acknowledged", () => {
  const storage = new MemoryStorage();
  const outbox = open(storage, "a");
  for (const id of ["1", "2", "3"]) outbox.add(message(id));
  outbox.remove("2");
  outbox.remove("2");
  assert.deepEqual(takenOver(open(storage, "b")), ["1", "3"]);
});

test("messages of a page are taken over once it is closed", () => {
  const storage = new MemoryStorage();
  const locks = new Locks();
  open(storage, "a", { locks }).add(message("1"));
  const taken = takenOver(open(storage, "b", { locks }));
  const also = takenOver(open(storage, "c", { locks }));
  assert.deepEqual([taken, also], [[], []]);
  locks.close("a");
  assert.deepEqual([taken, also], [["1"], []]);
  locks.close("b");
  assert.deepEqual(takenOver(open(storage, "d", { locks })), ["1"]);
});

test("acknowledged messages are not taken over", () => {
  const storage = new MemoryStorage();
  const locks = new Locks();
  const outbox = open(storage, "a", { locks });
  outbox.add(message("1"));
  const taken = takenOver(open(storage, "b", { locks }));
  outbox.remove("1");
  locks.close("a");
  assert.deepEqual(taken, []);
});

test("without locks other messages are taken over at once", () => {
  const storage = new MemoryStorage();
  const outbox = open(storage, "a");
  outbox.add(message("1"));
  assert.deepEqual([takenOver(outbox), takenOver(open(storage, "b"))], [[], ["1"]]);
});

test("another user's messages are not taken over", () => {
  const storage = new MemoryStorage();
  open(storage, "a").add(message("1"));
  assert.deepEqual(takenOver(open(storage, "b", { user: "q" })), []);
});

test("messages expire after a day", () => {
  const storage = new MemoryStorage();
  let now = 0;
  open(storage, "a", { now: () => now }).add(message("1"));
  now = 25 * 3600 * 1000;
  assert.deepEqual(takenOver(open(storage, "b", { now: () => now })), []);
});

test("an empty outbox leaves nothing in storage", () => {
  const storage = new MemoryStorage();
  const outbox = open(storage, "a");
  outbox.add(message("1"));
  outbox.remove("1");
  assert.equal(storage.items.size, 0);
});

test("forbidden or damaged storage reads as empty", () => {
  const outbox = open(forbiddenStorage, "a");
  outbox.add(message("1"));
  assert.deepEqual(takenOver(outbox), []);
  const storage = new MemoryStorage();
  storage.setItem("parley.p.outbox", "{broken");
  assert.deepEqual(takenOver(open(storage, "b")), []);
});
