// The length of texts in the units of the server's limits.

// Returns the number of characters (code points); `length` counts an emoji twice.
export function countCharacters(text) {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

export function isLonger(text, limit) {
  return text.length > limit && countCharacters(text) > limit;
}

// Returns whether a text takes more bytes than `limit` as UTF-8.
export function exceedsBytes(text, limit) {
  return text.length * 3 > limit && new TextEncoder().encode(text).length > limit;
}
