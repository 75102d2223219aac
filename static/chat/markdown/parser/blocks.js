// Splits a growing Markdown text into blocks that are final and a tail that may still change.

import { lex } from "parley/markdown/parser/lexer.js";
import { beginsWithRows, finalRows, OpenRows } from "parley/markdown/parser/open_rows.js";

// A later line can change the last two blocks (lists, tables, headings with underlines).
const OPEN_BLOCKS = 2;

export class MarkdownBlocks {
  // Of a long list or table, the part that is final: it is not read again.
  #rows = null;

  constructor() {
    this.text = "";
    this.#forget();
  }

  // `text`: the whole text so far. `growing`: more may come.
  // Returns {reset, settled: tokens that are final now, open: tokens of the tail, notes: footnotes by label}.
  // `reset`: what was settled before must be rendered again, because a definition came that it refers to.
  // A list or table of which only the first rows are final is the last settled token, with `partial`; the first open
  // one has its other rows, with `continues`, and so has the first token that comes with the next call.
  // Throws Error when the settled part of the text has changed.
  grow(text, { growing = true } = {}) {
    if (!text.startsWith(this.text.slice(0, this.settled))) throw new Error("the text may only grow");
    this.text = text;
    let tokens = this.#lex(growing);
    const reset = this.settled > 0 && (this.#defines(tokens) || !beginsWithRows(tokens, this.#rows));
    if (reset) {
      this.#forget();
      tokens = this.#lex(growing);
    }
    const { settled, open } = this.#divide(tokens, growing);
    this.#settle(settled, tokens);
    return { reset, settled, open, notes: tokens.notes };
  }

  #forget() {
    this.settled = 0;
    this.links = {};
    this.notes = new Map();
    this.missed = new Set();
    this.#rows = null;
  }

  #lex(growing) {
    const { links, notes } = this;
    const head = this.#rows?.head ?? "";
    const tokens = lex(head + this.text.slice(this.settled), { links, notes, growing });
    this.#rows?.join(tokens);
    return tokens;
  }

  #divide(tokens, growing) {
    const solid = tokens.flatMap((token, place) => (token.type === "space" ? [] : [place]));
    const last = tokens[solid.at(-1)];
    const divided = growing && last ? finalRows(last) : null;
    if (divided) {
      return { settled: [...tokens.slice(0, solid.at(-1)), divided.final], open: [divided.rest] };
    }
    const keep = solid.length > OPEN_BLOCKS ? solid[solid.length - OPEN_BLOCKS] : 0;
    return { settled: tokens.slice(0, keep), open: tokens.slice(keep) };
  }

  // Returns whether the tail defines a label that the settled part refers to.
  #defines({ links, notes }) {
    const found = [...Object.keys(links), ...[...notes.keys()].map((label) => `^${label}`)];
    return found.some((label) => this.missed.has(label));
  }

  #settle(settled, tokens) {
    if (!settled.length) return;
    this.settled += settled.reduce((length, token) => length + token.raw.length, 0);
    const last = settled.at(-1);
    this.#rows = last.partial ? new OpenRows(last, last.continues ? this.#rows : null) : null;
    for (const token of definitionsIn(settled)) {
      if (token.type === "def") this.links[token.tag] = tokens.links[token.tag];
      else this.notes.set(token.label, tokens.notes.get(token.label));
    }
    for (const label of tokens.missed) this.missed.add(label);
  }
}

// Yields the definitions among the blocks and in lists, quotations and other blocks.
function* definitionsIn(tokens) {
  for (const token of tokens) {
    if (token.type === "def" || token.type === "footnote") yield token;
    if (["list", "list_item", "blockquote", "details", "footnote"].includes(token.type)) {
      yield* definitionsIn(token.items ?? token.tokens);
    }
  }
}
