// What is typed behind a slash at the beginning of a message, and the saved prompts that it stands for.

const SYLLABLES = { first: 0xac00, last: 0xd7a3, vowels: 21, finals: 28 };
const INITIALS = [..."ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"];
const VOWELS = [..."ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"];
const FINALS =
  " ㄱ ㄲ ㄱㅅ ㄴ ㄴㅈ ㄴㅎ ㄷ ㄹ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅁ ㅂ ㅂㅅ ㅅ ㅆ ㅇ ㅈ ㅊ ㅋ ㅌ ㅍ ㅎ".split(
    " ",
  );

const KEYS = new Map(
  "ㄱrㄲRㄴsㄷeㄸEㄹfㅁaㅂqㅃQㅅtㅆTㅇdㅈwㅉWㅊcㅋzㅌxㅍvㅎgㅏkㅐoㅑiㅒOㅓjㅔpㅕuㅖPㅗhㅛyㅜnㅠbㅡmㅣl"
    .match(/../gu)
    .map(([letter, key]) => [letter, key.toLowerCase()]),
);
// Vowels that two keys make.
const PAIRS = { ㅘ: "ㅗㅏ", ㅙ: "ㅗㅐ", ㅚ: "ㅗㅣ", ㅝ: "ㅜㅓ", ㅞ: "ㅜㅔ", ㅟ: "ㅜㅣ", ㅢ: "ㅡㅣ" };

// Returns the text behind the slash, or null: a path or a longer text is no command. Input methods write a slash of full
// width, and on a Chinese keyboard the key gives a comma for lists.
export function slashQuery(message) {
  return /^[/／、]([\p{L}\p{M}\p{N}_-]{0,60})$/u.exec(message)?.[1] ?? null;
}

// Returns those prompts, {command, description, …}, that a query matches: first by the beginning of their command, then
// by any part of it, then by their description.
export function matchingPrompts(prompts, query) {
  const wanted = letters(query);
  // A Latin command that was typed while the keyboard wrote Hangul.
  const keys = [...wanted].map(keyOf).join("");
  const ranks = [
    ({ command }) => letters(command).startsWith(wanted) || letters(command).startsWith(keys),
    ({ command }) => letters(command).includes(wanted),
    ({ description }) => letters(description).includes(wanted),
  ];
  const rankOf = (prompt) => ranks.findIndex((rank) => rank(prompt));
  return ranks.flatMap((_rank, place) => prompts.filter((prompt) => rankOf(prompt) === place));
}

// Returns a text in small letters, and Hangul as its single letters: while "요약" is typed, the field has "욧" or "용".
function letters(text) {
  return [...text.normalize("NFC").toLowerCase()].map(lettersOf).join("");
}

function keyOf(letter) {
  return [...(PAIRS[letter] ?? letter)].map((part) => KEYS.get(part) ?? part).join("");
}

function lettersOf(character) {
  const code = character.codePointAt(0);
  const { first, last, vowels, finals } = SYLLABLES;
  if (code < first || code > last) return character;
  const at = code - first;
  const initial = INITIALS[Math.floor(at / (vowels * finals))];
  return initial + VOWELS[Math.floor(at / finals) % vowels] + FINALS[at % finals].trim();
}
