import assert from "node:assert/strict";
import { test } from "node:test";

import { delayBefore } from "parley/models/backoff.js";
import { sends, shortcut } from "parley/models/keys.js";
import { noticeWords } from "parley/models/notices.js";

test("waiting grows, is spread and has an end", () => {
  const early = delayBefore(0, { random: () => 1 });
  assert.equal(early, 500);
  assert.equal(delayBefore(3, { random: () => 1 }), 4000);
  assert.equal(delayBefore(3, { random: () => 0 }), 2000);
  assert.equal(delayBefore(99, { random: () => 1 }), 30_000);
});

test("a restart or a slow reader comes back at once, the first time", () => {
  for (const code of [1012, 4408]) {
    assert.ok(delayBefore(0, { code, random: () => 1 }) <= 300);
    assert.ok(delayBefore(1, { code, random: () => 0 }) >= 500);
  }
  assert.ok(delayBefore(0, { code: 4429 }) >= 15_000);
});

test("Enter sends, but never while characters are composed", () => {
  const enter = { key: "Enter", shiftKey: false, altKey: false, isComposing: false, keyCode: 13 };
  assert.equal(sends(enter), true);
  assert.equal(sends({ ...enter, shiftKey: true }), false);
  assert.equal(sends({ ...enter, isComposing: true }), false);
  assert.equal(sends({ ...enter, keyCode: 229 }), false);
  assert.equal(sends({ ...enter, key: "a" }), false);
});

test("shortcuts are heard, plain letters only outside fields", () => {
  const press = (key, extra = {}) => ({
    key,
    code: "",
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...extra,
  });
  assert.equal(shortcut(press("O", { ctrlKey: true, shiftKey: true })), "new");
  assert.equal(shortcut(press("ㅐ", { code: "KeyO", ctrlKey: true, shiftKey: true })), "new");
  assert.equal(shortcut(press("k", { ctrlKey: true }), { typing: true }), "search");
  assert.equal(shortcut(press("k", { ctrlKey: true }), { mac: true }), null);
  assert.equal(shortcut(press("k", { metaKey: true }), { mac: true }), "search");
  assert.equal(shortcut(press("/")), "search");
  assert.equal(shortcut(press("/"), { typing: true }), null);
  assert.equal(shortcut(press("?", { shiftKey: true })), "help");
  assert.equal(shortcut(press("Escape"), { typing: true }), "stop");
  assert.equal(shortcut(press("Escape", { isComposing: true })), null);
  assert.equal(shortcut(press("Escape", { shiftKey: true })), "compose");
  assert.equal(shortcut(press("a")), null);
});

test("waiting for the first words is said after two seconds, until there are some", () => {
  const at = (now, extra = {}) => noticeWords({ notice: null, hasBlocks: false, since: 1000, now, ...extra });
  assert.equal(at(2900), null);
  assert.deepEqual(at(3000), { key: "notice_first", seconds: 2 });
  assert.deepEqual(at(9999), { key: "notice_first", seconds: 8 });
  assert.equal(at(9999, { hasBlocks: true }), null);
});

test("a retry counts down and then is on its way", () => {
  const notice = { code: "retrying", seconds: 3 };
  const at = (now) => noticeWords({ notice, hasBlocks: false, since: 0, now });
  assert.deepEqual(at(0), { key: "notice_retrying", seconds: 3 });
  assert.deepEqual(at(2100), { key: "notice_retrying", seconds: 1 });
  assert.deepEqual(at(3000), { key: "notice_retrying_now", seconds: null });
  assert.deepEqual(noticeWords({ notice: { code: "budget_soft" }, hasBlocks: false, since: 0, now: 0 }), {
    key: "notice_budget_soft",
    seconds: null,
  });
  assert.deepEqual(noticeWords({ notice: { code: "new code" }, hasBlocks: true, since: 0, now: 0 }), {
    key: "notice_waiting",
    seconds: null,
  });
});
