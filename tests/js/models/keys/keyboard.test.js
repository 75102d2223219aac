import assert from "node:assert/strict";
import { test } from "node:test";

import { isSendKey, shortcutName } from "parley/models/keys/keyboard.js";

test("Enter sends, except while characters are composed", () => {
  const enter = { key: "Enter", shiftKey: false, altKey: false, isComposing: false, keyCode: 13 };
  assert.equal(isSendKey(enter), true);
  assert.equal(isSendKey({ ...enter, shiftKey: true }), false);
  assert.equal(isSendKey({ ...enter, isComposing: true }), false);
  assert.equal(isSendKey({ ...enter, keyCode: 229 }), false);
  assert.equal(isSendKey({ ...enter, key: "a" }), false);
});

test("Enter breaks the line where only fingers type, unless Ctrl or Cmd is held", () => {
  const enter = { key: "Enter", keyCode: 13 };
  assert.equal(isSendKey(enter, { touch: true }), false);
  assert.equal(isSendKey({ ...enter, ctrlKey: true }, { touch: true }), true);
  assert.equal(isSendKey({ ...enter, metaKey: true }, { touch: true }), true);
  assert.equal(isSendKey({ ...enter, metaKey: true, isComposing: true }, { touch: true }), false);
});

test("Enter breaks the line for people who chose that Ctrl+Enter sends", () => {
  const enter = { key: "Enter", keyCode: 13 };
  assert.equal(isSendKey(enter, { plainBreaks: true }), false);
  assert.equal(isSendKey({ ...enter, ctrlKey: true }, { plainBreaks: true }), true);
  assert.equal(isSendKey({ ...enter, metaKey: true }, { plainBreaks: true }), true);
  assert.equal(isSendKey({ ...enter, ctrlKey: true, shiftKey: true }, { plainBreaks: true }), false);
});

test("single letters are shortcuts outside fields only", () => {
  const press = (key, extra = {}) => ({
    key,
    code: "",
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...extra,
  });
  assert.equal(shortcutName(press("O", { ctrlKey: true, shiftKey: true })), "new");
  assert.equal(shortcutName(press("ㅐ", { code: "KeyO", ctrlKey: true, shiftKey: true })), "new");
  assert.equal(shortcutName(press("k", { ctrlKey: true }), { typing: true }), "palette");
  assert.equal(shortcutName(press("k", { ctrlKey: true }), { mac: true }), null);
  assert.equal(shortcutName(press("k", { metaKey: true }), { mac: true }), "palette");
  assert.equal(shortcutName(press("/")), "search");
  assert.equal(shortcutName(press("/"), { typing: true }), null);
  assert.equal(shortcutName(press("?", { shiftKey: true })), "help");
  assert.equal(shortcutName(press("Escape"), { typing: true }), "stop");
  assert.equal(shortcutName(press("Escape", { isComposing: true })), null);
  assert.equal(shortcutName(press("Escape", { shiftKey: true })), "compose");
  assert.equal(shortcutName(press(".", { ctrlKey: true }), { typing: true }), "sidebar");
  assert.equal(shortcutName(press("."), { typing: true }), null);
  assert.equal(shortcutName(press("a")), null);
});

test("undo, copy and delete have keys of their own, in any layout", () => {
  const press = (key, extra) => ({ key, code: "", ctrlKey: true, metaKey: false, altKey: false, ...extra });
  assert.equal(shortcutName(press("z")), "undo");
  assert.equal(shortcutName(press("ㅋ", { code: "KeyZ" })), "undo");
  assert.equal(shortcutName(press("z"), { typing: true }), null, "a field undoes its own text");
  assert.equal(shortcutName(press("z"), { typing: true, empty: true }), "undo");
  assert.equal(shortcutName(press("z", { shiftKey: true })), null);
  assert.equal(shortcutName(press("C", { shiftKey: true }), { typing: true }), "copy");
  assert.equal(shortcutName(press("c")), null, "this copies the selection");
  assert.equal(shortcutName(press("Backspace", { shiftKey: true }), { typing: true }), "delete");
  assert.equal(shortcutName(press("k", { isComposing: true })), null);
});
