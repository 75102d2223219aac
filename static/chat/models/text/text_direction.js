// The direction of a text: that of its first letter, as `dir="auto"` would find it.

const LETTER = /[\p{L}\u200E\u200F]/u;
const RIGHT_TO_LEFT =
  /[\p{sc=Arabic}\p{sc=Hebrew}\p{sc=Syriac}\p{sc=Thaana}\p{sc=Nko}\p{sc=Samaritan}\p{sc=Mandaic}\p{sc=Adlam}\u200F]/u;

// Returns "ltr", "rtl", or "" for a text without a letter.
export function directionOf(text) {
  const letter = LETTER.exec(text);
  if (!letter) return "";
  return RIGHT_TO_LEFT.test(letter[0]) ? "rtl" : "ltr";
}

export function hasRightToLeft(text) {
  return RIGHT_TO_LEFT.test(text);
}
