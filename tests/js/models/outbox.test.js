import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "parley/models/drafts.js";
import { Outbox } from "parley/models/outbox.js";

class Shelf {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

const forbidden = {
  getItem() {
    throw new Error("no storage");
  },
  setItem() {
    throw new Error("no storage");
  },
  removeItem() {
    throw new Error("no storage");
  },
};

// Web Locks, as far as pages need them: whoever holds a name keeps it until the page is closed.
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
const open = (shelf, page, { person = "p", locks = null, ...options } = {}) =>
  new Outbox(shelf, person, { page, locks, ...options });

function inherited(outbox) {
  const taken = [];
  outbox.inherit((kept) => taken.push(kept.client_id));
  return taken;
}

test("what was sent waits until it is acknowledged, in order", () => {
  const shelf = new Shelf();
  const outbox = open(shelf, "a");
  for (const id of ["1", "2", "3"]) outbox.add(message(id));
  outbox.remove("2");
  outbox.remove("2");
  assert.deepEqual(inherited(open(shelf, "b")), ["1", "3"]);
});

test("a page takes nothing from one that is still there, and all once it is gone", () => {
  const shelf = new Shelf();
  const locks = new Locks();
  open(shelf, "a", { locks }).add(message("1"));
  const taken = inherited(open(shelf, "b", { locks }));
  const also = inherited(open(shelf, "c", { locks }));
  assert.deepEqual([taken, also], [[], []]);
  locks.close("a");
  assert.deepEqual([taken, also], [["1"], []]);
  locks.close("b");
  assert.deepEqual(inherited(open(shelf, "d", { locks })), ["1"]);
});

test("what was acknowledged meanwhile is not taken over", () => {
  const shelf = new Shelf();
  const locks = new Locks();
  const outbox = open(shelf, "a", { locks });
  outbox.add(message("1"));
  const taken = inherited(open(shelf, "b", { locks }));
  outbox.remove("1");
  locks.close("a");
  assert.deepEqual(taken, []);
});

test("a browser without locks takes over at once, but nothing of its own", () => {
  const shelf = new Shelf();
  const outbox = open(shelf, "a");
  outbox.add(message("1"));
  assert.deepEqual([inherited(outbox), inherited(open(shelf, "b"))], [[], ["1"]]);
});

test("another person's messages are not there", () => {
  const shelf = new Shelf();
  open(shelf, "a").add(message("1"));
  assert.deepEqual(inherited(open(shelf, "b", { person: "q" })), []);
});

test("a day later it is let go", () => {
  const shelf = new Shelf();
  let now = 0;
  open(shelf, "a", { now: () => now }).add(message("1"));
  now = 25 * 3600 * 1000;
  assert.deepEqual(inherited(open(shelf, "b", { now: () => now })), []);
});

test("nothing left leaves nothing behind", () => {
  const shelf = new Shelf();
  const outbox = open(shelf, "a");
  outbox.add(message("1"));
  outbox.remove("1");
  assert.equal(shelf.items.size, 0);
});

test("without storage, or with spoiled storage, everything else goes on", () => {
  const outbox = open(forbidden, "a");
  outbox.add(message("1"));
  assert.deepEqual(inherited(outbox), []);
  const shelf = new Shelf();
  shelf.setItem("parley.p.outbox", "{broken");
  assert.deepEqual(inherited(open(shelf, "b")), []);
  const drafts = new Drafts(forbidden, "p");
  drafts.write("c", "text");
  assert.equal(drafts.read("c"), "");
});

test("drafts are kept per person and conversation", () => {
  const shelf = new Shelf();
  const drafts = new Drafts(shelf, "p");
  drafts.write("c", "here");
  drafts.write(null, "new");
  assert.deepEqual([drafts.read("c"), drafts.read(null), drafts.read("d")], ["here", "new", ""]);
  assert.equal(new Drafts(shelf, "q").read("c"), "");
  drafts.write("c", "  ");
  assert.equal(drafts.read("c"), "");
  assert.equal(shelf.items.size, 1);
});
