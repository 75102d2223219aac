// Classes of characters that Markdown's rules ask about. Each test takes one character, or "" at an end of the text.

// Scripts that are written without spaces between words, so that a marker or an address may touch the next word.
export const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\u3000-\u303F\u30FC\uFF00-\uFFEF]/u;
export const HANGUL = /\p{sc=Hangul}/u;
const SPACE = /^\s?$/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const OPENING = /[\p{Ps}\p{Pi}]/u;
const CLOSING = /[\p{Pe}\p{Pf}.,:;!?%…·。、，．：；！？]/u;
const QUOTE = /["']/;

export const isSpace = (character) => SPACE.test(character);
export const isPunctuation = (character) => PUNCTUATION.test(character);

// Returns the character that ends before the place `at`.
export function characterBefore(text, at) {
  const unit = text.charCodeAt(at - 1);
  const pair = at > 1 && unit >= 0xdc00 && unit <= 0xdfff;
  return at > 0 ? text.slice(at - (pair ? 2 : 1), at) : "";
}

// Returns the character that begins at the place `at`.
export function characterAt(text, at) {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

// Returns whether the character before `at` opens what follows: a bracket, or a quotation mark behind a space.
export function opensBefore(text, at) {
  const character = characterBefore(text, at);
  if (!QUOTE.test(character)) return OPENING.test(character);
  const outer = characterBefore(text, at - 1);
  return isSpace(outer) || OPENING.test(outer);
}

// Returns whether the character at `at` ends what precedes: a bracket, a mark of a sentence, or a quotation mark
// before a space.
export function closesAt(text, at) {
  const character = characterAt(text, at);
  if (!QUOTE.test(character)) return CLOSING.test(character);
  const outer = characterAt(text, at + 1);
  return isSpace(outer) || CLOSING.test(outer);
}
