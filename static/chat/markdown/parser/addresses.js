// Where addresses that stand bare in a text begin and end, as people read them: the rules of GFM's extended
// autolinks, and an end at full-width marks, at a change of script and before a particle.

import { characterAt, UNSPACED } from "parley/markdown/parser/characters.js";

const LONGEST = 2000;
const SCHEME = /https?$/i;
// A label of a host is of one script: in www.example.com입니다 the host ends with "com".
const HOST = /(?:[\p{L}\p{M}\p{N}_-]+\.)*[\p{L}\p{M}\p{N}-]+/uy;
const PORT = /:\d{1,5}/y;
const PATH_BEGIN = /[/?#]/;
// What RFC 3986 allows, without the stars of emphasis.
const PATH_ASCII = /[A-Za-z0-9\-._~:/?#@!$&'+,;=%()[\]]/;
const LETTER = /[\p{L}\p{M}\p{N}]/u;
// A word of an unspaced script is part of a path only behind one of these.
const SEPARATOR = /[/=?&#\-_+(]/;
const PARTICLES = new RegExp(
  "^(?:" +
    "[은는이가을를에의로와과도만]|으로|에서|에는|에도|까지|부터|에게|입니다|이다|이고|이며|라고|이라고|처럼|보다|" +
    "[をはがにでのともへや]|から|まで|です|では|には|より|" +
    "[的是和在与及或]" +
    ")$",
);
const TRAILING = /(?:[?!.,:;*_'"~([]|&[A-Za-z0-9]+;)$/;
const LOCAL_PART = /[A-Za-z0-9._+-]{1,64}$/;
const MAIL_HOST = /@[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z0-9-]*[A-Za-z0-9]/y;

// Returns {start, end, href} of the address with its first ":", "." or "@" at `at`, or null. It begins behind `from`.
export function addressAround(text, at, from) {
  if (text[at] === "@") return mail(text, at, from);
  const before = text.slice(Math.max(from, at - 5), at);
  if (text[at] === ":") {
    const scheme = text.startsWith("://", at) && SCHEME.exec(before);
    return scheme ? web(text, at - scheme[0].length, at + 3, "") : null;
  }
  return /www$/i.test(before) ? web(text, at - 3, at - 3, "http://") : null;
}

function web(text, start, hostStart, prefix) {
  if (/[A-Za-z0-9./@_-]/.test(text[start - 1] ?? "")) return null;
  const host = hostAt(text, hostStart);
  if (!host || (prefix && host.split(".").length < 3)) return null;
  let end = hostStart + host.length;
  PORT.lastIndex = end;
  end += PORT.exec(text)?.[0].length ?? 0;
  if (PATH_BEGIN.test(text[end] ?? "")) end = pathEnd(text, end);
  end = withoutTrailing(text, hostStart, end);
  return { start, end, href: prefix + text.slice(start, end) };
}

function hostAt(text, at) {
  HOST.lastIndex = at;
  const labels = (HOST.exec(text)?.[0] ?? "").slice(0, 255).split(".");
  for (const [place, label] of labels.entries()) {
    const first = UNSPACED.test(label[0] ?? "");
    // After "example.com." a last word of another script begins the next sentence.
    if (first && place > 0 && place === labels.length - 1 && !UNSPACED.test(labels[place - 1])) {
      return labels.slice(0, place).join(".");
    }
    const other = [...label].findIndex((character) => UNSPACED.test(character) !== first);
    if (other < 0) continue;
    const kept = [...label].slice(0, other).join("");
    return [...labels.slice(0, place), kept].join(".");
  }
  return labels.join(".");
}

function pathEnd(text, start) {
  const limit = Math.min(text.length, start + LONGEST);
  const open = { ")": 0, "]": 0 };
  let at = start;
  while (at < limit) {
    const character = characterAt(text, at);
    if (UNSPACED.test(character)) {
      const word = wordAt(text, at, limit);
      if (!word || !SEPARATOR.test(text[at - 1]) || PARTICLES.test(word)) break;
      at += word.length;
      continue;
    }
    // In "…/docs(설명)" the remark is no part of the address; in "…/서울_(영화)" it is.
    if (character === "(" && text[at - 1] !== "_" && UNSPACED.test(characterAt(text, at + 1))) break;
    if (character === "(") open[")"] += 1;
    else if (character === "[") open["]"] += 1;
    else if (character in open && (open[character] -= 1) < 0) break;
    if (!(character < "\u0080" ? PATH_ASCII : LETTER).test(character) || text.startsWith("~~", at)) break;
    at += character.length;
  }
  return at;
}

// Returns the word of an unspaced script that begins at `at`; marks end it.
function wordAt(text, at, limit) {
  let end = at;
  while (end < limit) {
    const character = characterAt(text, end);
    if (!UNSPACED.test(character) || !LETTER.test(character)) break;
    end += character.length;
  }
  return text.slice(at, end);
}

function withoutTrailing(text, start, end) {
  let kept = end;
  for (;;) {
    const cut = TRAILING.exec(text.slice(Math.max(start, kept - 40), kept));
    if (!cut) return kept;
    kept -= cut[0].length;
  }
}

function mail(text, at, from) {
  const local = LOCAL_PART.exec(text.slice(Math.max(from, at - 64), at));
  MAIL_HOST.lastIndex = at;
  const host = local && MAIL_HOST.exec(text);
  if (!host || /[-_]/.test(text[MAIL_HOST.lastIndex] ?? "")) return null;
  const start = at - local[0].length;
  return { start, end: at + host[0].length, href: `mailto:${text.slice(start, at + host[0].length)}` };
}
