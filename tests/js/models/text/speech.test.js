import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { languageOf, longestMs, speechParts, voiceFor } from "parley/models/text/speech.js";

const WORLD = JSON.parse(readFileSync(new URL("../../../world/voice/speech.json", import.meta.url)));
// What a voice takes for a second of speech: letters of an alphabet, syllables of East Asia, digits.
const seconds = (text) =>
  [...text].reduce((sum, c) => sum + (/[\u3040-\u9fff\uac00-\ud7af]/.test(c) ? 3 : /\d/.test(c) ? 4 : 1), 0) /
  14;

for (const { name, text, language, least } of WORLD) {
  test(`${name}: parts are short, whole and in the text's language`, () => {
    const parts = speechParts([text], "en");
    assert.ok(parts.length >= least);
    for (const part of parts) {
      assert.equal(part.language, language);
      assert.ok(seconds(part.text) < 14, part.text);
      assert.ok(longestMs(part.text) < 45_000);
    }
    const letters = (value) => value.replace(/[^\p{L}\p{N}]/gu, "");
    assert.equal(letters(parts.map((part) => part.text).join("")), letters(text));
  });
}

test("what has no letters is not spoken", () => {
  assert.deepEqual(speechParts(["---", "* * *", "…", " "]), []);
});

test("each paragraph has its own language", () => {
  const parts = speechParts(
    ["The answer is below.", "다리는 칠 미터 높이입니다.", "Die Brücke ist nicht hoch."],
    "ko",
  );
  assert.deepEqual(
    parts.map((part) => part.language),
    ["en", "ko", "de"],
  );
});

test("a language is told by its script or its small words, else it is the page's", () => {
  assert.equal(languageOf("橋は七メートルです"), "ja");
  assert.equal(languageOf("桥有七米高"), "zh");
  assert.equal(languageOf("Мост высотой семь метров"), "ru");
  assert.equal(languageOf("Le pont est dans la ville et les gens"), "fr");
  assert.equal(languageOf("Pont", "fr"), "fr");
  assert.equal(languageOf("Parley", "ko"), "en", "Latin letters are no Korean");
  assert.equal(languageOf("7 + 8", "ko"), "ko");
});

test("only voices of this device are used, of the page's region first", () => {
  const voice = (lang, more = {}) => ({ lang, localService: true, default: false, ...more });
  const remote = voice("de-DE", { localService: false });
  const voices = [voice("en-GB"), voice("en_US"), voice("en-AU", { default: true }), remote];
  assert.equal(voiceFor(voices, "en", "en-US"), voices[1]);
  assert.equal(voiceFor(voices, "en", "ko"), voices[2]);
  assert.equal(voiceFor(voices.slice(0, 2), "en", "ko"), voices[0]);
  assert.equal(voiceFor(voices, "de"), null, "it would send the text to its maker");
  assert.equal(voiceFor([], "en"), null);
});

test("without Intl.Segmenter sentences end at their signs", () => {
  const { Segmenter } = Intl;
  Intl.Segmenter = undefined;
  try {
    const parts = speechParts(["One is here. Two is there! 셋은 어디?"]);
    assert.equal(parts.length, 3);
    assert.deepEqual(speechParts(["no sign at all"]).length, 1);
  } finally {
    Intl.Segmenter = Segmenter;
  }
});
