// What stands behind a link on paper, where it can't be followed.

// Returns the address of a link to print behind its text, or null: the text is the address, or it leads within Parley.
export function printedAddress(text, href) {
  if (!/^https?:/.test(href)) return null;
  return bare(text) === bare(href) ? null : href;
}

function bare(address) {
  return address
    .trim()
    .replace(/^https?:\/\//, "")
    .replace(/\/$/, "");
}
