// Reads an answer's Markdown into marked's tokens: blocks by marked and containers.js, their content by inline.js.

import { Lexer } from "marked";

import { AnswerTokenizer, BLOCK_EXTENSIONS, BLOCK_RULES } from "parley/markdown/parser/containers.js";
import { inlineTokens } from "parley/markdown/parser/inline.js";

const FENCE = /^ {0,3}(?:```|~~~)/;
const CLOSED = /\n[ \t>]*(?:`{3,}|~{3,})[ \t]*\n?$/;

// `links`, `notes`: definitions of an earlier part of the text. `growing`: the text goes on.
// Returns tokens with `links`, `notes` and `missed`: what is defined, and the labels that nothing defines.
export function lex(text, { links = {}, notes = new Map(), growing = false } = {}) {
  return new AnswerLexer(links, notes, growing).lex(text);
}

class AnswerLexer extends Lexer {
  depth = 0;
  missed = new Set();

  constructor(links, notes, growing) {
    super({ gfm: true, tokenizer: new AnswerTokenizer(), extensions: { block: BLOCK_EXTENSIONS } });
    this.tokenizer.rules = { ...this.tokenizer.rules, block: BLOCK_RULES };
    this.known = links;
    this.notes = new Map(notes);
    this.growing = growing;
    Object.assign(this.tokens.links, links);
  }

  lex(source) {
    this.blockTokens(source.replace(/\r\n?/g, "\n"), this.tokens);
    if (this.growing) {
      this.#forgetUnfinished();
      markOpenCode(this.tokens);
    }
    const tail = this.growing ? tailOf(this.tokens) : null;
    const definitions = { links: this.tokens.links, notes: this.notes, missed: this.missed };
    for (const { src, tokens } of this.inlineQueue) {
      for (const token of inlineTokens(src, definitions, { growing: tokens === tail })) tokens.push(token);
    }
    this.inlineQueue = [];
    const { links } = this.tokens;
    return Object.assign(this.tokens, { links, notes: this.notes, missed: this.missed });
  }

  // A definition at the end may lack half of its address.
  #forgetUnfinished() {
    const last = this.tokens.at(-1);
    if (last?.type === "def" && !Object.hasOwn(this.known, last.tag)) delete this.tokens.links[last.tag];
  }
}

// Marks the code block at the end of the text while its closing fence is missing.
function markOpenCode(tokens) {
  let token = tokens.at(-1);
  while (token && token.type !== "code") token = (token.items ?? token.tokens ?? []).at(-1);
  if (token && FENCE.test(token.raw) && !CLOSED.test(token.raw)) token.open = true;
}

// Returns the inline tokens at the end of the text, to which more may come, or null.
function tailOf(tokens) {
  let token = tokens.at(-1);
  while (token) {
    if (token.type === "table") return (token.rows.at(-1) ?? token.header).at(-1).tokens;
    if (["paragraph", "text", "heading"].includes(token.type)) return token.tokens;
    if (token.type === "details" && !token.tokens.length) return token.summary;
    token = (token.items ?? token.tokens ?? []).at(-1);
  }
  return null;
}
