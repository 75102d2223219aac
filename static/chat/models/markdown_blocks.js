// Splits a growing markdown text into blocks that are final and a tail that may still change.

import { lexer } from "marked";

// A later line can change the last two blocks (lists, tables, headings with underlines).
const OPEN_BLOCKS = 2;

export class MarkdownBlocks {
  constructor() {
    this.text = "";
    this.settled = 0;
  }

  // `text`: the whole text so far. Returns {settled: tokens that are final now, open: tokens of the tail}.
  // Throws Error when the settled part of the text has changed.
  grow(text) {
    if (!text.startsWith(this.text.slice(0, this.settled))) throw new Error("the text may only grow");
    this.text = text;
    const tokens = lexer(text.slice(this.settled));
    const solid = tokens
      .map((token, place) => (token.type === "space" ? -1 : place))
      .filter((place) => place >= 0);
    const keep = solid.length > OPEN_BLOCKS ? solid[solid.length - OPEN_BLOCKS] : 0;
    const settled = tokens.slice(0, keep);
    this.settled += settled.reduce((length, token) => length + token.raw.length, 0);
    return { settled: withLinks(settled, tokens), open: withLinks(tokens.slice(keep), tokens) };
  }
}

function withLinks(part, tokens) {
  part.links = tokens.links;
  return part;
}
