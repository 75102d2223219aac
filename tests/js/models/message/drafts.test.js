import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "parley/models/message/drafts.js";

import { forbiddenStorage, MemoryStorage } from "../../support/storage.js";

test("texts are stored per user and conversation", () => {
  const storage = new MemoryStorage();
  const drafts = new Drafts(storage, "p");
  drafts.write("c", "here");
  drafts.write(null, "new");
  assert.deepEqual([drafts.read("c"), drafts.read(null), drafts.read("d")], ["here", "new", ""]);
  assert.equal(new Drafts(storage, "q").read("c"), "");
  drafts.write("c", "  ");
  assert.equal(drafts.read("c"), "");
  assert.equal(storage.items.size, 1);
});

test("attachments are stored per conversation", () => {
  const storage = new MemoryStorage();
  const drafts = new Drafts(storage, "p");
  drafts.writeFiles(null, ["1", "2"]);
  assert.deepEqual(drafts.readFiles(null), ["1", "2"]);
  assert.deepEqual(drafts.readFiles("c"), []);
  drafts.writeFiles(null, []);
  assert.equal(storage.items.size, 0);
});

test("damaged attachments are read as none", () => {
  const storage = new MemoryStorage();
  const drafts = new Drafts(storage, "p");
  for (const damaged of ["broken", "{}"]) {
    storage.setItem("parley.p.draft.new.files", damaged);
    assert.deepEqual(drafts.readFiles(null), []);
  }
});

test("forbidden storage reads as empty", () => {
  const drafts = new Drafts(forbiddenStorage, "p");
  drafts.write("c", "text");
  drafts.writeFiles("c", ["1"]);
  assert.deepEqual([drafts.read("c"), drafts.readFiles("c")], ["", []]);
});

test("a message that is edited is kept apart from the draft", () => {
  const storage = new MemoryStorage();
  const drafts = new Drafts(storage, "p");
  drafts.write("c", "the draft");
  drafts.writeEdit("c", { parent: "root", text: "edited", attachments: ["1"] });
  // While files are looked up, those of before are kept.
  drafts.writeEdit("c", { parent: "root", text: "edited more", attachments: null });
  assert.deepEqual(drafts.readEdit("c"), { parent: "root", text: "edited more", attachments: ["1"] });
  assert.equal(drafts.read("c"), "the draft");
  assert.equal(drafts.readEdit("d"), null);
  drafts.writeEdit("c", null);
  assert.equal(drafts.readEdit("c"), null);
  drafts.writeEdit("c", { parent: "p", text: "", attachments: null });
  assert.deepEqual(drafts.readEdit("c").attachments, []);
});

test("a damaged edit is read as none", () => {
  const storage = new MemoryStorage();
  const drafts = new Drafts(storage, "p");
  for (const kept of ["{", "1", '{"parent": 1, "text": ""}', '{"parent": "root"}']) {
    storage.setItem("parley.p.draft.c.edit", kept);
    assert.equal(drafts.readEdit("c"), null);
  }
  const forbidden = new Drafts(forbiddenStorage, "p");
  forbidden.writeEdit("c", null);
  assert.equal(forbidden.readEdit("c"), null);
});
