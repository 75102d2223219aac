// Finds the words of a search in a text, as the server's search does: whatever their case, accents or composition.

// Returns the text folded, and for each of its characters the index in `text` where it comes from.
export function foldWithPlaces(text) {
  let folded = "";
  const places = [];
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    const part = /^\s+$/.test(segment) ? " " : fold(segment);
    folded += part;
    for (let at = 0; at < part.length; at += 1) places.push(index);
  }
  return { folded, places: [...places, text.length] };
}

const fold = (text) =>
  text
    .replace(/[‘’ʼ′]/g, "'")
    .replace(/[“”„]/g, '"')
    .replace(/[‐-—−]/g, "-")
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]|[\ufe00-\ufe0f]|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]/g, "")
    .toLowerCase()
    .normalize("NFC");

// Returns the [start, end] of each occurrence of the folded `needles` in a text.
export function foundWords(text, needles) {
  const { folded, places } = foldWithPlaces(text);
  const found = [];
  for (const needle of needles) {
    for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + needle.length)) {
      if (beginsAWord(folded, at)) found.push([places[at], after(places, at + needle.length)]);
    }
  }
  return found;
}

// Words of alphabets are found by their beginning; scripts without spaces between words at any place.
const ALPHABET = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}]/u;
const beginsAWord = (folded, at) => !(at && ALPHABET.test(folded[at]) && ALPHABET.test(folded[at - 1]));

function after(places, end) {
  const last = places[end - 1];
  return places.slice(end).find((place) => place > last);
}
