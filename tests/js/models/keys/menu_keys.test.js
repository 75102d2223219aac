import assert from "node:assert/strict";
import { test } from "node:test";

import { itemFor } from "parley/models/keys/menu_keys.js";

const NAMES = ["Rename", " Pin", "Archive", "Delete…"];

for (const [key, at, to] of [
  ["ArrowDown", 0, 1],
  ["ArrowDown", 3, 0],
  ["ArrowDown", -1, 0],
  ["ArrowUp", 0, 3],
  ["ArrowUp", -1, 3],
  ["ArrowUp", 2, 1],
  ["Home", 2, 0],
  ["End", 0, 3],
  ["d", 0, 3],
  ["P", 3, 1],
  ["r", 0, 0],
  ["z", 0, null],
  [" ", 0, null],
  ["Enter", 0, null],
  ["Tab", 0, null],
]) {
  test(`${key} from item ${at} leads to ${to}`, () => assert.equal(itemFor(key, at, NAMES), to));
}

test("a letter leads from one item to the next that begins with it", () => {
  const names = ["Rename", "Pin", "Remove"];
  assert.deepEqual(
    [0, 1, 2].map((at) => itemFor("r", at, names)),
    [2, 2, 0],
  );
});

test("an empty menu has no item", () => assert.equal(itemFor("Home", -1, []), null));

test("letters of other scripts find their items", () => assert.equal(itemFor("보", 0, ["고정", "보관"]), 1));
