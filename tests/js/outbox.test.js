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

const message = (id, conversation = null) => ({ type: "turn.start", client_id: id, conversation, text: id });

test("what was sent waits until it is acknowledged, in order", () => {
  const outbox = new Outbox(new Shelf(), "p");
  outbox.add(message("1"));
  outbox.add(message("2", "c"));
  assert.deepEqual(
    outbox.waiting().map((kept) => kept.client_id),
    ["1", "2"],
  );
  assert.deepEqual(
    outbox.waitingIn("c").map((kept) => kept.client_id),
    ["2"],
  );
  assert.equal(outbox.remove("1").text, "1");
  assert.equal(outbox.remove("1"), null);
  assert.equal(outbox.waiting().length, 1);
});

test("another visit finds it again, another person doesn't", () => {
  const shelf = new Shelf();
  new Outbox(shelf, "p").add(message("1"));
  assert.equal(new Outbox(shelf, "p").waiting().length, 1);
  assert.equal(new Outbox(shelf, "q").waiting().length, 0);
});

test("a day later it is let go", () => {
  const shelf = new Shelf();
  let now = 0;
  const outbox = new Outbox(shelf, "p", { now: () => now });
  outbox.add(message("1"));
  now = 25 * 3600 * 1000;
  assert.equal(outbox.waiting().length, 0);
});

test("nothing left leaves nothing behind", () => {
  const shelf = new Shelf();
  const outbox = new Outbox(shelf, "p");
  outbox.add(message("1"));
  outbox.remove("1");
  assert.equal(shelf.items.size, 0);
});

test("without storage, or with spoiled storage, everything else goes on", () => {
  const outbox = new Outbox(forbidden, "p");
  outbox.add(message("1"));
  assert.deepEqual(outbox.waiting(), []);
  const shelf = new Shelf();
  shelf.setItem("parley.p.outbox", "{broken");
  assert.deepEqual(new Outbox(shelf, "p").waiting(), []);
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
