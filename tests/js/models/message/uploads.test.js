import assert from "node:assert/strict";
import { test } from "node:test";

import { Uploads } from "parley/models/message/uploads.js";

test("files become ready or failed, and are taken once", () => {
  let changes = 0;
  const uploads = new Uploads({ onchange: () => (changes += 1) });
  const first = uploads.add({ name: "a.png", size: 10 });
  const second = uploads.add({ name: "b.pdf" });
  assert.deepEqual([first.status, second.size, uploads.busy, uploads.ids], ["sending", 0, true, []]);
  uploads.progress(first.key, 7);
  assert.equal(uploads.items[0].progress, 1);
  uploads.done(first.key, { id: "1", name: "a.png", kind: "image" });
  uploads.fail(second.key, "Too large");
  assert.deepEqual([uploads.busy, uploads.failed, uploads.ids], [false, true, ["1"]]);
  assert.equal(uploads.items[1].error, "Too large");
  uploads.remove(second.key);
  assert.equal(uploads.failed, false);
  assert.deepEqual(uploads.take(), ["1"]);
  assert.deepEqual([uploads.items, uploads.take()], [[], []]);
  assert.equal(changes, 8);
});

test("removed files stay removed, and duplicates are one", () => {
  const uploads = new Uploads();
  const gone = uploads.add({ name: "gone" });
  uploads.remove(gone.key);
  uploads.progress(gone.key, 0.5);
  uploads.fail(gone.key, "late");
  assert.deepEqual(uploads.items, []);
  for (const name of ["a", "a"]) uploads.done(uploads.add({ name }).key, { id: "1", name, kind: "text" });
  assert.deepEqual(uploads.ids, ["1"]);
});
