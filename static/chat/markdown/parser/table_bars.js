// Bars within formulas and code of a table's cells: | $|x|$ | `a | b` | has two cells. GitHub's rule ends a cell at each bar
// and drops what is too much, so only rows that have too many cells are read in this way.

import { CodeSpans } from "parley/markdown/parser/code_spans.js";
import { formulaEnd } from "parley/markdown/parser/formulas.js";

const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const BLANK_LINE = /\n[ \t]*(?:\n|$)/;
const BAR = /(?<!\\)\|/g;
const TICKS = /`+/y;

// Returns the table at the beginning of a text with these bars escaped, or "" where the text needs no change.
export function withEscapedBars(text) {
  const [head, delimiters] = text.split("\n", 2);
  if (!delimiters || !head.includes("|") || !DELIMITERS.test(delimiters)) return "";
  const lines = text.slice(0, BLANK_LINE.exec(text)?.index).split("\n");
  const width = cellsIn(delimiters);
  const escaped = lines.map((line) => (cellsIn(line) > width ? escapeBars(line) : line));
  return escaped.some((line, place) => line !== lines[place]) ? escaped.join("\n") : "";
}

function cellsIn(line) {
  const row = line.trim();
  const bars = row.match(BAR)?.length ?? 0;
  return bars + 1 - row.startsWith("|") - (row.endsWith("|") && !row.endsWith("\\|"));
}

function escapeBars(line) {
  const code = new CodeSpans(line);
  let written = "";
  let from = 0;
  for (let at = 0; at < line.length;) {
    const { end, next } = partAt(line, at, code);
    if (end) {
      written += line.slice(from, at) + line.slice(at, end).replace(BAR, "\\|");
      from = end;
    }
    at = end || next;
  }
  return written + line.slice(from);
}

// Returns where the code or formula at a place ends, or 0, and where to go on without one.
function partAt(line, at, code) {
  if (line[at] === "`") {
    TICKS.lastIndex = at;
    const { length } = TICKS.exec(line)[0];
    return { end: code.end(at + length, length), next: at + length };
  }
  const end = "\\$".includes(line[at]) ? formulaEnd(line, at) : 0;
  return { end, next: at + (line[at] === "\\" ? 2 : 1) };
}
