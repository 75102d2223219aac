// Blocks that marked does not know: formulas on lines of their own, <details> and the definitions of footnotes. Also
// the limit on blocks within blocks: behind it, markers are text, because deep nesting exhausts the stack.

import { Lexer, Tokenizer } from "marked";

import { formulaEnd, LONGEST, mayGetItsEnd } from "parley/markdown/parser/formulas.js";
import { PLAIN_TAG } from "parley/markdown/parser/inline_html.js";
import { normalLabel } from "parley/markdown/parser/links.js";
import { withEscapedBars } from "parley/markdown/parser/table_bars.js";

const DEEPEST = 24;
const FORMULA = /^ {0,3}(?=\$\$|\\\[|\\begin\{)/;
const FORMULA_REST = /[ \t]*(?:\n|$)/y;
const UNDERLINE = /\n {0,3}(?:=+|-+)[ \t]*(?:\n|$)/;
const DETAILS = /^ {0,3}<details(\s[^<>\n]*)?>/i;
const DETAILS_TAG = /<(\/?)details(?:\s[^<>\n]*)?>/gi;
const SUMMARY = /^\s*<summary(?:\s[^<>\n]*)?>([\s\S]*?)<\/summary>/i;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const FOOTNOTE = /^ {0,3}\[\^([^\]\s[]{1,40})\]:[ \t]*/;
const OTHER_BLOCK = /^ {0,3}(?:\[\^|#{1,6}\s|```|~~~|>|[-*+][ \t]|\d{1,9}[.)][ \t]|\||<|\$\$|\\\[)/;
// What ends a paragraph besides marked's own blocks. A formula must look complete, or be alone on its line.
const INTERRUPTS = String.raw` {0,3}(?:\[\^[^\]\s[]{1,40}\]:|\\begin\{|\\\[(?:[ \t]*\n|[^\n]*\\\][ \t]*(?:\n|$))|\$\$(?:[ \t]*\n|[^\n]+\$\$[ \t]*(?:\n|$)))|`;

const { gfm } = Lexer.rules.block;

export const BLOCK_RULES = {
  ...gfm,
  paragraph: interrupted(gfm.paragraph),
  lheading: interrupted(gfm.lheading),
};

function interrupted(rule) {
  return new RegExp(rule.source.replace(String.raw`\n(?!`, String.raw`\n(?!${INTERRUPTS}`), rule.flags);
}

export class AnswerTokenizer extends Tokenizer {
  // The last text of a list item without an underline of a heading.
  #plain = "";

  // marked asks for each line of an item, and looks for the underline up to the end each time. Engines compare whole
  // strings ten times as fast as their ends.
  lheading(src) {
    if (!this.lexer.state.top) {
      if (src && this.#plain.slice(-src.length) === src) return undefined;
      if (!UNDERLINE.test(src)) this.#plain = src;
    }
    return super.lheading(src);
  }

  table(src) {
    const escaped = withEscapedBars(src);
    const token = super.table(escaped || src);
    if (!escaped || !token) return token;
    const lines = token.raw.split("\n").length;
    return { ...token, raw: src.split("\n", lines).join("\n") };
  }

  blockquote(src) {
    return this.#within(() => super.blockquote(src));
  }

  list(src) {
    return this.#within(() => super.list(src));
  }

  html(src) {
    return PLAIN_TAG.test(/^ {0,3}(<[^<>]*>)?/.exec(src)[1] ?? "") ? undefined : super.html(src);
  }

  details(src) {
    const head = DETAILS.exec(src);
    return head ? this.#within(() => this.#details(src, head)) : undefined;
  }

  #details(src, head) {
    const { raw, body } = detailsBody(src, head[0].length);
    const summary = SUMMARY.exec(body);
    return {
      type: "details",
      raw,
      open: /\bopen\b/i.test(head[1] ?? ""),
      summary: summary ? this.lexer.inline(summary[1].trim()) : null,
      tokens: this.#blocks(
        body.slice(summary?.[0].length ?? 0).replace(/^(?:[ \t]*\n)?(?: {1,3}(?! ))?/, ""),
      ),
    };
  }

  footnote(src) {
    const head = FOOTNOTE.exec(src);
    return head ? this.#within(() => this.#footnote(src, head)) : undefined;
  }

  #footnote(src, head) {
    const { raw, lines } = footnoteLines(src, head[0].length);
    const label = normalLabel(head[1]);
    const tokens = this.#blocks(lines.join("\n"));
    if (!this.lexer.notes.has(label)) this.lexer.notes.set(label, tokens);
    return { type: "footnote", raw, label, tokens };
  }

  formula(src) {
    const head = FORMULA.exec(src);
    if (!head) return undefined;
    const at = head[0].length;
    const near = src.slice(0, at + LONGEST + 20);
    const end = formulaEnd(near, at, { open: this.lexer.growing && near === src && mayGetItsEnd(src, at) });
    FORMULA_REST.lastIndex = end;
    const rest = end && FORMULA_REST.exec(src);
    return rest
      ? { type: "formula_block", raw: src.slice(0, end + rest[0].length), text: src.slice(at, end) }
      : undefined;
  }

  #blocks(text) {
    const { state } = this.lexer;
    const { top } = state;
    state.top = true;
    const tokens = this.lexer.blockTokens(text, []);
    state.top = top;
    return tokens;
  }

  #within(read) {
    if (this.lexer.depth >= DEEPEST) return undefined;
    this.lexer.depth += 1;
    try {
      return read();
    } finally {
      this.lexer.depth -= 1;
    }
  }
}

// As marked's lexer takes extensions: each is asked at the beginning of a block.
export const BLOCK_EXTENSIONS = ["details", "footnote", "formula"].map(
  (name) =>
    function (src) {
      return this.lexer.tokenizer[name](src);
    },
);

// Returns what stands between <details> and its </details>, or the end of the text; tags in code blocks don't count.
function detailsBody(src, start) {
  let depth = 1;
  let fence = "";
  let at = start;
  while (at < src.length) {
    const newline = src.indexOf("\n", at);
    const end = newline < 0 ? src.length : newline + 1;
    const line = src.slice(at, end);
    const marks = FENCE.exec(line)?.[1] ?? "";
    if (fence) {
      if (marks.startsWith(fence) && !line.slice(line.indexOf(marks) + marks.length).trim()) fence = "";
    } else if (marks) {
      fence = marks;
    } else {
      for (const tag of line.matchAll(DETAILS_TAG)) {
        depth += tag[1] ? -1 : 1;
        if (depth > 0) continue;
        const close = at + tag.index;
        const rest = /^[ \t]*\n?/.exec(src.slice(close + tag[0].length))[0];
        return { raw: src.slice(0, close + tag[0].length + rest.length), body: src.slice(start, close) };
      }
    }
    at = end;
  }
  return { raw: src, body: src.slice(start) };
}

// Returns the lines of a footnote: its first one, those that go on with it, and indented ones behind a blank line.
function footnoteLines(src, start) {
  const lines = [];
  let taken = 0;
  let end = start;
  for (let at = start; at < src.length || !lines.length;) {
    const newline = src.indexOf("\n", at);
    const next = newline < 0 ? src.length : newline + 1;
    const line = src.slice(at, newline < 0 ? next : newline);
    const indent = lines.length ? (/^(?: {2,4}|\t)/.exec(line)?.[0].length ?? 0) : 0;
    const blank = !line.trim();
    if (lines.length && !blank && !indent && (!lines.at(-1).trim() || OTHER_BLOCK.test(line))) break;
    lines.push(line.slice(indent));
    at = next;
    if (blank && lines.length > 1) continue;
    taken = lines.length;
    end = next;
  }
  return { raw: src.slice(0, end), lines: lines.slice(0, taken) };
}
