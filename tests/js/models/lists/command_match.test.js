import assert from "node:assert/strict";
import { test } from "node:test";

import { found } from "parley/models/lists/command_match.js";

const entries = [
  "Rename this",
  "New conversation",
  "다크 테마",
  "대화 이름 바꾸기",
  "새 대화",
  "C++ (beta)",
].map((name) => ({ name, words: name.startsWith("New") ? "begin" : "" }));
const names = (typed) => found(entries, typed).map(({ name }) => name);

test("without words all are there in their order", () => {
  assert.deepEqual(
    names("  "),
    entries.map(({ name }) => name),
  );
});

test("each word is looked for, and a beginning comes first", () => {
  assert.deepEqual(names("n"), ["New conversation", "Rename this"]);
  assert.deepEqual(names("CONV new"), ["New conversation"]);
  assert.deepEqual(names("begin"), ["New conversation"]);
  assert.deepEqual(names("대화"), ["대화 이름 바꾸기", "새 대화"]);
  assert.deepEqual(names("zz"), []);
});

test("Korean is found by initials, by a syllable that grows, and in two forms of Unicode", () => {
  assert.deepEqual(names("ㄷㅎ"), ["대화 이름 바꾸기", "새 대화"]);
  assert.deepEqual(names("ㄷㅋ ㅌㅁ"), ["다크 테마"]);
  assert.deepEqual(names("이르"), ["대화 이름 바꾸기"]);
  for (const typed of ["호", "회", "획", "ㅎ"]) assert.equal(found([{ name: "획" }], typed).length, 1);
  assert.equal(found([{ name: "획" }], "하").length, 0);
  assert.deepEqual(names("대화".normalize("NFD")), ["대화 이름 바꾸기", "새 대화"]);
  assert.deepEqual(names("ㅁㅌ"), []);
});

test("what means something in a pattern is taken as it is", () => {
  assert.deepEqual(names("c++ ("), ["C++ (beta)"]);
  for (const typed of ["[", "\\", ".*", "a|b", "^", "{2}", "-", "/", "👩‍👩‍👧"])
    assert.deepEqual(names(typed), []);
});
