// Reads the inline content of one block into tokens as marked's parser takes them: code, links, formulas, emphasis.
//
// One pass from left to right with CommonMark's stacks of markers and brackets, so that the time grows with the length
// of the text, whatever it is.

import { addressAround } from "parley/markdown/parser/addresses.js";
import { CodeSpans, codeText } from "parley/markdown/parser/code_spans.js";
import { delimiterRun, resolveEmphasis } from "parley/markdown/parser/emphasis.js";
import { formulaEnd } from "parley/markdown/parser/formulas.js";
import { balanceTags, htmlAt } from "parley/markdown/parser/inline_html.js";
import { autolinkNode, linkNode, withoutAutolink } from "parley/markdown/parser/links.js";
import { References } from "parley/markdown/parser/references.js";
import { CITATION } from "parley/models/text/citations.js";

const PLAIN = /[^\\`*_~[\]!<$\n:.@\uFDD0]+/y;
const ESCAPED = /[!-/:-@[-`{-~]/;
const TICKS = /`+/y;
// Stands for half a marker at the end of a growing text.
const NOTHING = { type: "text", text: "" };
const RUN = /\*+|_+|~+/y;

// `definitions`: {links: by label, notes: Map by label, missed: Set, which gets the labels that nothing defines}.
// `growing`: the text goes on behind `text`.
export function inlineTokens(text, definitions, { growing = false } = {}) {
  return new InlineReader(text, definitions, growing).read();
}

class InlineReader {
  #at = 0;
  #from = 0; // where the text begins that is no node yet
  #nodes = [];
  #brackets = [];
  #inactive = 0; // so many of the first brackets can't become links: links hold no links
  #ahead = new Map();

  constructor(text, definitions, growing) {
    this.text = text;
    this.growing = growing;
    this.code = new CodeSpans(text);
    this.references = new References(text, definitions, growing);
  }

  read() {
    while (this.#at < this.text.length) {
      PLAIN.lastIndex = this.#at;
      if (PLAIN.test(this.text)) this.#at = PLAIN.lastIndex;
      else this.#special(this.text[this.#at]);
    }
    this.#flush();
    return this.#resolve(this.#nodes, this.growing);
  }

  #special(character) {
    const read = READERS[character];
    if (!read(this, character)) this.#at += 1;
  }

  // Ends the plain text at `start` and adds a node that covers the text up to `end`.
  add(node, start, end) {
    this.#flush(start);
    this.#nodes.push(node);
    this.#at = this.#from = end;
    return true;
  }

  #flush(end = this.text.length) {
    if (end > this.#from) this.#nodes.push({ type: "text", text: this.text.slice(this.#from, end) });
    this.#from = end;
  }

  #resolve(nodes, growing = false) {
    return resolveEmphasis(balanceTags(nodes), { growing });
  }

  escape() {
    const next = this.text[this.#at + 1] ?? "";
    if (this.formula()) return true;
    if (next === "\n") return this.lineBreak(this.#at, this.#at + 1);
    if (ESCAPED.test(next)) return this.add({ type: "escape", text: next }, this.#at, this.#at + 2);
    return this.growing && !next && this.add(NOTHING, this.#at, this.#at + 1);
  }

  formula() {
    const end = formulaEnd(this.text, this.#at, { open: this.growing, ahead: this.#ahead });
    return end > 0 && this.add({ type: "formula", text: this.text.slice(this.#at, end) }, this.#at, end);
  }

  newline() {
    let start = this.#at;
    while (start > this.#from && this.text[start - 1] === " ") start -= 1;
    return this.#at - start > 1 && this.lineBreak(start, this.#at);
  }

  lineBreak(start, newline) {
    const rest = /[ \t]*/y;
    rest.lastIndex = newline + 1;
    const end = newline + 1 + rest.exec(this.text)[0].length;
    return end < this.text.length && this.add({ type: "br" }, start, end);
  }

  codeSpan() {
    const start = this.#at;
    TICKS.lastIndex = start;
    const { length } = TICKS.exec(this.text)[0];
    const closed = this.code.end(start + length, length);
    const end = closed || (this.growing && length < 3 ? this.text.length : 0);
    if (!end) {
      this.#at = start + length;
      return true;
    }
    const text = codeText(this.text.slice(start + length, closed ? end - length : end));
    return this.add(closed || text.trim() ? { type: "codespan", text } : NOTHING, start, end);
  }

  run() {
    RUN.lastIndex = this.#at;
    const { length } = RUN.exec(this.text)[0];
    const [start, end] = [this.#at, this.#at + length];
    // A run at the end of a growing text may be half of one.
    if (this.growing && end === this.text.length) return this.add(NOTHING, start, end);
    if (this.text[start] === "~" && length !== 2) {
      this.#at = end;
      return true;
    }
    return this.add(delimiterRun(this.text, start, end), start, end);
  }

  html() {
    const found = htmlAt(this.text, this.#at);
    return found !== null && this.add(found.node, this.#at, found.end);
  }

  citation() {
    CITATION.lastIndex = this.#at;
    const found = CITATION.exec(this.text);
    if (!found) return this.add({ type: "text", text: "\uFFFD" }, this.#at, this.#at + 1);
    return this.add({ type: "citation", number: found[1], href: found[2] }, this.#at, CITATION.lastIndex);
  }

  address() {
    const found = addressAround(this.text, this.#at, this.#from);
    if (!found) return false;
    const node = autolinkNode(found.href, this.text.slice(found.start, found.end));
    return this.add(node, found.start, found.end);
  }

  openBracket(image = false) {
    const start = this.#at;
    const note = image ? null : this.references.footnote(start);
    if (note) return this.add({ type: "footnote_reference", label: note.label }, start, note.end);
    const end = start + (image ? 2 : 1);
    this.add({ type: "text", text: this.text.slice(start, end) }, start, end);
    this.#brackets.push({ place: this.#nodes.length - 1, start: end, image });
    return true;
  }

  image() {
    return this.text[this.#at + 1] === "[" && this.openBracket(true);
  }

  closeBracket() {
    const bracket = this.#brackets.pop();
    if (!bracket) return false;
    const inactive = !bracket.image && this.#brackets.length < this.#inactive;
    this.#inactive = Math.min(this.#inactive, this.#brackets.length);
    const target = inactive ? null : this.references.link(bracket.start, this.#at);
    if (!target) return false;
    this.#flush(this.#at);
    const inner = this.#nodes.splice(bracket.place + 1);
    this.#nodes.pop();
    if (target.href === undefined) this.#nodes = this.#nodes.concat(inner);
    else this.#nodes.push(linkNode(target, this.#resolve(inner.map(withoutAutolink)), bracket.image));
    this.#at = this.#from = target.end;
    if (!bracket.image) this.#inactive = this.#brackets.length;
    return true;
  }
}

const READERS = {
  "\\": (reader) => reader.escape(),
  "`": (reader) => reader.codeSpan(),
  "*": (reader) => reader.run(),
  _: (reader) => reader.run(),
  "~": (reader) => reader.run(),
  "[": (reader) => reader.openBracket(),
  "]": (reader) => reader.closeBracket(),
  "!": (reader) => reader.image(),
  "<": (reader) => reader.html(),
  $: (reader) => reader.formula(),
  "\n": (reader) => reader.newline(),
  ":": (reader) => reader.address(),
  ".": (reader) => reader.address(),
  "@": (reader) => reader.address(),
  "\uFDD0": (reader) => reader.citation(),
};
