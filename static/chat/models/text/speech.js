// What is read aloud of a text: parts that are short enough for every browser, and the language of each. No DOM.

// Chrome's voices stop without a word after about 15 seconds. A part has to be shorter than that in every language:
// letters of an alphabet take a unit each, syllables and signs of Korean, Chinese and Japanese three, digits four.
const MOST_UNITS = 150;
const UNITS_PER_SECOND = 14;
const WIDE = /[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[\u{20000}-\u{3ffff}]/u;
const SCRIPTS = [
  ["ko", /\p{Script=Hangul}/gu],
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["zh", /\p{Script=Han}/gu],
  ["ru", /\p{Script=Cyrillic}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["he", /\p{Script=Hebrew}/gu],
  ["el", /\p{Script=Greek}/gu],
  ["th", /\p{Script=Thai}/gu],
  ["hi", /\p{Script=Devanagari}/gu],
];
// Frequent short words that tell languages with Latin letters apart.
const WORDS = {
  en: "the and of to is in that it for with are this you",
  de: "der die das und ist nicht ein eine zu mit von für den",
  fr: "le la les des et est une dans que pour pas sur vous",
  es: "el los las de que y en un una es por con para",
  it: "il lo gli di che è un una per non con sono della",
  pt: "o os as de que e em um uma não para com você",
  nl: "de het een en van is niet dat op te met voor zijn",
};

// Returns the code of a text's language, such as "ko"; `usual` where nothing tells.
export function languageOf(text, usual = "en") {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  if (!letters) return usual;
  const counts = SCRIPTS.map(([code, script]) => [code, text.match(script)?.length ?? 0]);
  const found = Object.fromEntries(counts);
  // Japanese is written with Chinese signs too.
  if (found.ja > 0 && found.ja * 8 >= found.zh) found.ja += found.zh;
  const [code, count] = Object.entries(found).reduce((best, one) => (one[1] > best[1] ? one : best));
  return count * 2 >= letters ? code : latinLanguage(text, usual);
}

function latinLanguage(text, usual) {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const scores = Object.entries(WORDS).map(([code, list]) => {
    const known = new Set(list.split(" "));
    return [code, words.filter((word) => known.has(word)).length];
  });
  const [code, score] = scores.reduce((best, one) => (one[1] > best[1] ? one : best));
  const latin = usual in WORDS ? usual : "en";
  const ofUsual = scores.find(([one]) => one === latin)[1];
  return score > ofUsual ? code : latin;
}

// Returns the parts of paragraphs, in order: [{text, language}].
export function speechParts(paragraphs, usual = "en") {
  return paragraphs.flatMap((paragraph) => {
    const text = paragraph.replace(/\s+/g, " ").trim();
    const language = languageOf(text, usual);
    return sentences(text, language)
      .flatMap(shortened)
      .filter((part) => /[\p{L}\p{N}]/u.test(part))
      .map((part) => ({ text: part, language }));
  });
}

function sentences(text, language) {
  if (!globalThis.Intl?.Segmenter) return text.match(/[^.!?。！？]+[.!?。！？]*\s*/g) ?? [];
  const segments = new Intl.Segmenter(language, { granularity: "sentence" }).segment(text);
  return [...segments].map(({ segment }) => segment.trim()).filter(Boolean);
}

function units(text) {
  let sum = 0;
  for (const character of text) sum += WIDE.test(character) ? 3 : /\d/.test(character) ? 4 : 1;
  return sum;
}

// Cuts a long sentence where it pauses, else between words, else anywhere: not every language has spaces.
function shortened(sentence) {
  const parts = [];
  let rest = sentence;
  while (units(rest) > MOST_UNITS) {
    const longest = fitting(rest);
    const head = rest.slice(0, longest);
    const pause = Math.max(
      ...[",", ";", ":", "、", "，", "—", "…"].map((sign) => head.lastIndexOf(sign) + 1),
    );
    const word = head.lastIndexOf(" ");
    const at = pause > longest / 3 ? pause : word > longest / 3 ? word : longest;
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return rest ? [...parts, rest] : parts;
}

function fitting(text) {
  let length = 0;
  let sum = 0;
  for (const character of text) {
    sum += units(character);
    if (sum > MOST_UNITS) break;
    length += character.length;
  }
  return length;
}

// Returns the milliseconds after which a part that has not ended is given up: some voices never say that they ended.
export function longestMs(text) {
  return 5000 + (3000 * units(text)) / UNITS_PER_SECOND;
}

// Returns the voice for a language that speaks on this device, or null. Other voices would send the text to a company's
// servers. A voice of the same region as the page's language comes first, then the browser's default.
export function voiceFor(voices, language, preferred = "") {
  const code = (voice) => voice.lang.replace("_", "-").toLowerCase();
  const own = voices.filter((voice) => voice.localService && code(voice).split("-")[0] === language);
  const region = own.find((voice) => code(voice) === preferred.toLowerCase());
  return region ?? own.find((voice) => voice.default) ?? own[0] ?? null;
}
