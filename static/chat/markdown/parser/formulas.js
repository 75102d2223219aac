// Where formulas of TeX begin and end: \(…\) \[…\] $…$ $$…$$ and \begin{…}…\end{…}. They are kept as they were
// written; formula_elements.js sets them. The rules for $ are pandoc's (extension tex_math_dollars), and stricter where prices look alike.

export const LONGEST = 3000;
const LONGEST_IN_DOLLARS = 500;
const BLANK_LINE = /\n[ \t]*\n/;
// The last line, as far as it may be the beginning of a closing mark.
const CLOSING_LINE = /\n[ \t]*[$\\][^\n]*$/;
const BEGIN = /\\begin\{([A-Za-z]+\*?)\}/y;
// \(optional\), \[1\], \[TODO\] and \[a\](b) have escaped brackets, and are no formulas. \( x \), \(a, b\) and the
// triangle \(ABC\) are.
const PLAIN = /^(?:(?=\S)[\p{L}\p{M}\s,.;:'’-]+|\d{1,4})$/u;
const PLAIN_WORD = /\d|\p{L}{3}|[^\P{L}A-Za-z\p{Script=Greek}]/u;
const POINTS = /^[A-Z]{3,4}$/;
const MARKS = [
  ["$$", "$$", true],
  ["\\[", "\\]", true],
  ["\\(", "\\)", false],
  ["$", "$", false],
];
const OPERATOR = /[\\^_{}=<>+*|]/;
const PRICE = /^\d[\d.,]*\s?[kKmMbB]?(?:\s|$)/;
const WORD = /(?<![\\A-Za-z{])[A-Za-z]{3,}/;

// Returns where the formula that begins at `at` ends, or 0. `open`: the text goes on, so a formula may lack its end.
// `ahead`: a Map of this text, in which the places of closing marks are kept, so that none is looked for twice.
export function formulaEnd(text, at, { open = false, ahead = new Map() } = {}) {
  const source = { text, at, open, ahead };
  if (text.startsWith("\\(", at)) return bracketed(source, "\\)");
  if (text.startsWith("\\[", at)) return bracketed(source, "\\]");
  if (text.startsWith("$$", at)) return enclosed(source, 2, "$$");
  if (text[at] === "$") return dollars(text, at);
  BEGIN.lastIndex = at;
  const begin = BEGIN.exec(text);
  return begin ? enclosed(source, begin[0].length, `\\end{${begin[1]}}`) : 0;
}

// Returns whether a text that ends within a formula may still get its end: a formula holds no blank line, except behind
// its opening and before its closing mark. `at`: where the formula begins.
export function mayGetItsEnd(text, at) {
  return !BLANK_LINE.test(
    text
      .slice(at)
      .replace(/^\S*\s*/, "")
      .replace(CLOSING_LINE, "")
      .trimEnd(),
  );
}

// Returns {tex, display} of a formula with its marks, or null while its end is missing.
export function texOf(written) {
  for (const [opening, closing, display] of MARKS) {
    if (!written.startsWith(opening)) continue;
    const whole = written.endsWith(closing) && written.length > opening.length + closing.length;
    return whole ? { tex: written.slice(opening.length, -closing.length), display } : null;
  }
  BEGIN.lastIndex = 0;
  const begin = BEGIN.exec(written);
  return begin && written.endsWith(`\\end{${begin[1]}}`) ? { tex: written, display: true } : null;
}

function enclosed({ text, at, open, ahead }, skipped, closing) {
  const start = at + skipped;
  let place = ahead.get(closing) ?? 0;
  if (place >= 0 && place < start) {
    place = text.indexOf(closing, start);
    ahead.set(closing, place);
  }
  if (place < 0) return open ? text.length : 0;
  const inner = place - start > LONGEST ? "" : text.slice(start, place).trim();
  return inner && !BLANK_LINE.test(inner) ? place + closing.length : 0;
}

function bracketed(source, closing) {
  const { text, at } = source;
  const end = enclosed(source, 2, closing);
  if (!end || !text.startsWith(closing, end - 2)) return end;
  const inner = text.slice(at + 2, end - 2);
  const points = closing === "\\)" && POINTS.test(inner);
  return (!points && PLAIN.test(inner) && PLAIN_WORD.test(inner)) || text[end] === "(" ? 0 : end;
}

function dollars(text, at) {
  if (/[\p{L}\p{N}$]/u.test(text[at - 1] ?? "") || /[\s$]/.test(text[at + 1] ?? " ")) return 0;
  const limit = Math.min(text.length, at + LONGEST_IN_DOLLARS);
  for (let place = at + 1; place < limit; place += 1) {
    const character = text[place];
    if (character === "`") return 0;
    if (character === "\\") place += 1;
    else if (character === "$") return closesDollars(text, at, place) ? place + 1 : 0;
  }
  return 0;
}

function closesDollars(text, at, place) {
  const inner = text.slice(at + 1, place);
  if (/\s$/.test(inner) || /[A-Za-z0-9${]/.test(text[place + 1] ?? "")) return false;
  const operator = OPERATOR.test(inner);
  if (PRICE.test(inner) && (WORD.test(inner) || (/\s/.test(inner) && !operator))) return false;
  return operator || (inner.length <= 12 && !WORD.test(inner));
}
