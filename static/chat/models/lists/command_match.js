// How typed words find a command, a model or an assistant, and in which order. In Korean initial consonants are enough
// (ㄱㅎ finds 계획), and so is a last syllable that is not whole yet (하 finds 한국). No DOM.
// The server finds titles by the same rule (chat/models/transcript/title_search.py).

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const [FIRST, LAST] = [0xac00, 0xd7a3];
const [BY_INITIAL, BY_VOWEL] = [588, 28];
// ㅗ ㅜ ㅡ become ㅘ ㅙ ㅚ, ㅝ ㅞ ㅟ, ㅢ while they are typed.
const GROWS = { 8: 4, 13: 4, 18: 2 };

// Returns those of `entries`, {name, words}, that have each typed word in their name or in their other words. Best
// first: a name that begins with what was typed, then one with a word that does, then the rest in their given order.
export function found(entries, typed) {
  const wanted = typed.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) return [...entries];
  const patterns = wanted.map((word) => new RegExp(pattern(word), "u"));
  const ranked = [];
  for (const entry of entries) {
    const name = entry.name.normalize("NFC").toLowerCase();
    const all = `${name} ${(entry.words ?? "").toLowerCase()}`;
    if (patterns.every((each) => each.test(all))) ranked.push({ entry, rank: rankOf(name, wanted[0]) });
  }
  return ranked.sort((one, other) => one.rank - other.rank).map(({ entry }) => entry);
}

function rankOf(name, word) {
  const first = pattern(word);
  if (new RegExp(`^${first}`, "u").test(name)) return 0;
  if (new RegExp(`(?:^|\\s)${first}`, "u").test(name)) return 1;
  return new RegExp(first, "u").test(name) ? 2 : 3;
}

function pattern(word) {
  const characters = [...word];
  return characters.map((character, at) => part(character, at === characters.length - 1)).join("");
}

function part(character, last) {
  const initial = INITIALS.indexOf(character);
  if (initial >= 0) {
    const first = FIRST + initial * BY_INITIAL;
    return `[${character}${String.fromCharCode(first)}-${String.fromCharCode(first + BY_INITIAL - 1)}]`;
  }
  const code = character.codePointAt(0);
  if (last && code >= FIRST && code <= LAST && (code - FIRST) % BY_VOWEL === 0) {
    const vowels = GROWS[((code - FIRST) % BY_INITIAL) / BY_VOWEL] ?? 1;
    return `[${character}-${String.fromCharCode(code + vowels * BY_VOWEL - 1)}]`;
  }
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
}
