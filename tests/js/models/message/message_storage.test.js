import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "parley/models/message/drafts.js";
import { MessageStorage } from "parley/models/message/message_storage.js";
import { Outbox } from "parley/models/message/outbox.js";
import { MemoryStorage, forbiddenStorage } from "../../support/storage.js";

class TabStorage extends MemoryStorage {
  get length() {
    return this.items.size;
  }
  key = (index) => [...this.items.keys()][index];
}

test("a temporary chat leaves nothing in the lasting storage", () => {
  const [lasting, passing] = [new MemoryStorage(), new TabStorage()];
  const storage = new MessageStorage({ lasting, passing, temporary: () => true });
  new Drafts(storage, "me").write(null, "A secret");
  new Outbox(storage, "me", { page: "p", locks: null }).add({ client_id: "1", text: "A secret" });
  assert.equal(lasting.items.size, 0);
  assert.equal(new Drafts(storage, "me").read(null), "A secret");
  storage.removeItem("parley.me.draft.new");
  assert.equal(new Drafts(storage, "me").read(null), "");
});

test("the next ordinary page of the tab forgets it, and nothing else", () => {
  const [lasting, passing] = [new MemoryStorage(), new TabStorage()];
  for (const key of [
    "parley.me.draft.new",
    "parley.me.outbox",
    "parley.me.draft.1.files",
    "parley.deleted",
    "x",
  ])
    passing.setItem(key, "…");
  const storage = new MessageStorage({ lasting, passing, temporary: () => false });
  assert.deepEqual([...passing.items.keys()], ["parley.deleted", "x"]);
  storage.setItem("parley.me.draft.new", "Ordinary");
  assert.equal(lasting.getItem("parley.me.draft.new"), "Ordinary");
});

test("a browser without storage is survived", () => {
  new MessageStorage({ lasting: forbiddenStorage, passing: forbiddenStorage, temporary: () => false });
});
