import assert from "node:assert/strict";
import { test } from "node:test";

import { isEditLastKey, isSteerKey } from "parley/models/keys/composer_keys.js";

test("Ctrl or Cmd with Shift and Enter stops the answer and sends", () => {
  const steer = { key: "Enter", shiftKey: true };
  assert.ok(isSteerKey({ ...steer, ctrlKey: true }));
  assert.ok(isSteerKey({ ...steer, metaKey: true }));
  for (const other of [
    steer,
    { key: "Enter", ctrlKey: true },
    { ...steer, ctrlKey: true, altKey: true },
    { ...steer, ctrlKey: true, key: "a" },
    { ...steer, ctrlKey: true, isComposing: true },
    { ...steer, ctrlKey: true, keyCode: 229 },
  ])
    assert.ok(!isSteerKey(other), JSON.stringify(other));
});

test("ArrowUp alone edits the last message", () => {
  assert.ok(isEditLastKey({ key: "ArrowUp" }));
  for (const more of ["shiftKey", "ctrlKey", "metaKey", "altKey", "isComposing"])
    assert.ok(!isEditLastKey({ key: "ArrowUp", [more]: true }), more);
  assert.ok(!isEditLastKey({ key: "ArrowUp", keyCode: 229 }));
  assert.ok(!isEditLastKey({ key: "ArrowDown" }));
});
