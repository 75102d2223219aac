import assert from "node:assert/strict";
import { test } from "node:test";

import { SelectedRows } from "parley/models/lists/selected_rows.js";

const shown = ["a", "b", "c", "d", "e"];
const chosen = (rows) => shown.filter((id) => rows.has(id)).join("");

test("a range goes from the last row up or down, and gives what that one has", () => {
  const rows = new SelectedRows();
  rows.extendTo("b", shown);
  assert.equal(chosen(rows), "b", "without a first row it is one row");
  rows.extendTo("d", shown);
  assert.equal(chosen(rows), "bcd");
  rows.extendTo("a", shown);
  assert.equal(chosen(rows), "abcd");
  rows.set("c", false);
  rows.extendTo("e", shown);
  assert.equal(chosen(rows), "ab");
});

test("all is all that is shown, and again none of it", () => {
  const rows = new SelectedRows();
  rows.set("b", true);
  rows.toggleAll(shown);
  assert.deepEqual(rows.ids.sort(), shown);
  rows.toggleAll(shown);
  assert.deepEqual(rows.ids, []);
});

test("what is not shown any more is not chosen", () => {
  const rows = new SelectedRows();
  rows.toggleAll(shown);
  rows.set("d", true);
  rows.keep(["a", "b"]);
  assert.deepEqual(rows.ids, ["a", "b"]);
  rows.extendTo("b", ["a", "b"]);
  assert.deepEqual(rows.ids, ["a", "b"], "the range's first row is gone too");
  rows.clear();
  assert.deepEqual(rows.ids, []);
});
