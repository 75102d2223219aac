// Finds the words of a search in a text by the rules of the server's search (chat/search_text): whatever their case,
// accents, width or composition.

const DROPPED = /[\u0300-\u036f]|[\ufe00-\ufe0f]|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\0]/g;
const PLAIN_SIGNS = { "'": /[‘’ʼ′]/g, '"': /[“”„]/g, "-": /[‐-—−]/g };
// Characters that are folded together: syllables of single letters, white space, a character with what follows it.
const CLUSTER =
  /[\u1100-\u115f\ua960-\ua97c]+[\u1160-\u11a7\ud7b0-\ud7c6]*[\u11a8-\u11ff\ud7cb-\ud7fb]*|[\u3131-\u318e\uffa1-\uffdc]+|\s+|.[\p{M}\u1161-\u1175\u11a8-\u11c2\uff9e\uff9f\u200b-\u200f\u2060-\u2064\u00ad\ufeff]*/gsu;

// Returns the text folded, and for each of its characters the index in `text` where it comes from.
export function foldWithPlaces(text) {
  let folded = "";
  const places = [];
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const part = fold(cluster);
    folded += part;
    for (let at = 0; at < part.length; at += 1) places.push(index);
  }
  return { folded, places: [...places, text.length] };
}

function fold(text) {
  let letters = text.normalize("NFKD");
  for (const [plain, signs] of Object.entries(PLAIN_SIGNS)) letters = letters.replace(signs, plain);
  letters = caseFolded(letters.replace(DROPPED, "")).normalize("NFKD").replace(DROPPED, "");
  return letters.normalize("NFC").replace(/\s+/g, " ");
}

// By way of capitals: "ß" is "ss" and a final sigma is a sigma. The dotless "ı" stays what it is.
const caseFolded = (text) =>
  text.replace(/[^ı]/gu, (letter) => letter.toLowerCase().toUpperCase().toLowerCase());

// A letter of a word with spaces around it; in these scripts a word can begin at any character.
const DENSE = ["Hangul", "Hiragana", "Katakana", "Han", "Thai", "Lao", "Myanmar", "Khmer"];
const NOT_DENSE = `(?![ー${DENSE.map((name) => `\\p{Script=${name}}`).join("")}])`;
const LETTER = String.raw`(?:[\p{Nd}\p{No}]|${NOT_DENSE}[\p{L}\p{Nl}])`;
const BEGINS = new RegExp(`^${LETTER}`, "u");
const ONE_LETTER = new RegExp(`^${LETTER}$`, "u");

// Signs of Markdown that stand within words and only format them. People see theirs; nobody looks for them.
const WITHIN_WORDS = /\*\*|~~|`/g;

// Returns the [start, end] of each occurrence of the folded `needles` in a text, in their order.
export function foundWords(text, needles) {
  const { plain, kept } = withoutMarks(text);
  const { folded, places } = foldWithPlaces(plain);
  return needles
    .flatMap((needle) => [...folded.matchAll(occurrences(needle))])
    .map(({ 0: hit, index }) => [kept[places[index]], kept[after(places, index + hit.length) - 1] + 1])
    .sort(([one], [other]) => one - other);
}

// Returns the text without those signs, and the index in `text` of each character that is left.
function withoutMarks(text) {
  const kept = [];
  let end = 0;
  const keep = (until) => {
    for (; end < until; end += 1) kept.push(end);
  };
  for (const { 0: mark, index } of text.matchAll(WITHIN_WORDS)) {
    keep(index);
    end += mark.length;
  }
  keep(text.length);
  return { plain: text.replace(WITHIN_WORDS, ""), kept };
}

// A word of an alphabet is found by its beginning, and a single letter where it stands alone.
function occurrences(needle) {
  const before = BEGINS.test(needle) ? `(?<!${LETTER})` : "";
  const behind = ONE_LETTER.test(needle) ? `(?!${LETTER})` : "";
  return new RegExp(before + needle.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") + behind, "gu");
}

// Returns where the character begins that follows the last one of a hit.
function after(places, end) {
  let at = end;
  while (places[at] === places[end - 1]) at += 1;
  return places[at];
}
