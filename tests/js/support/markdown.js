// Markdown as HTML, without the entities that rows of expected HTML leave out.

import { footnotesHtml, toHtml } from "parley/markdown/html.js";
import { lex } from "parley/markdown/parser/lexer.js";

const WORDS = { details: "Details", image: "Image" };
const translate = (key, { host } = {}) => (host ? `${WORDS.image} from ${host}` : WORDS[key]);

export function htmlOf(text, { growing = false } = {}) {
  const tokens = lex(text, { growing });
  return written(tokens, tokens.notes);
}

export function written(tokens, notes, numbers = new Map()) {
  const html = toHtml(tokens, { numbers, translate }) + footnotesHtml(notes, { numbers, translate });
  return plain(html);
}

export function plain(html) {
  return html.replaceAll("&quot;", '"').replaceAll("&#39;", "'").trim();
}

// Returns the tokens with each list or table that came in parts as one.
export function joined(tokens) {
  const found = [];
  for (const token of tokens) {
    const last = found.at(-1);
    if (!token.continues) found.push(token);
    else {
      const rows = token.type === "list" ? "items" : "rows";
      found[found.length - 1] = {
        ...last,
        raw: last.raw + token.raw,
        [rows]: last[rows].concat(token[rows]),
      };
    }
  }
  return found;
}
