// Bars within formulas of a table's cells: | $|x|$ | 2 | has two cells. GitHub's rule ends a cell at each bar and drops
// what is too much, so only rows that have too many cells are read in this way.

import { formulaEnd } from "parley/markdown/formulas.js";

const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const BLANK_LINE = /\n[ \t]*(?:\n|$)/;
const BAR = /(?<!\\)\|/g;

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
  let written = "";
  let from = 0;
  for (let at = 0; at < line.length; at += 1) {
    const end = "\\$".includes(line[at]) ? formulaEnd(line, at) : 0;
    if (!end) {
      if (line[at] === "\\") at += 1;
      continue;
    }
    written += line.slice(from, at) + line.slice(at, end).replace(BAR, "\\|");
    from = end;
    at = end - 1;
  }
  return written + line.slice(from);
}
