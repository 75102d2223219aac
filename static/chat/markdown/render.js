// Renders Markdown to safe DOM.

import { translate } from "parley/lib/page.js";
import { decorateCode } from "parley/markdown/code_blocks.js";
import { setDirections } from "parley/markdown/directions.js";
import { decorateFootnotes } from "parley/markdown/footnotes.js";
import { footnotesHtml, toHtml } from "parley/markdown/html.js";
import { lex } from "parley/markdown/parser/lexer.js";
import { cleanAnswer } from "parley/markdown/sanitize.js";
import { decorateTables } from "parley/markdown/tables.js";

// `tokens`: as the lexer returns them. `numbers`: of footnotes, by label. `highlight`: also colour code, which is done
// when it is complete.
export function renderTokens(tokens, { numbers, highlight = false }) {
  return decorated(toHtml(tokens, { numbers, translate }), highlight);
}

// Returns the list of footnotes, an empty fragment if there are none.
export function renderFootnotes(notes, { numbers, highlight = false }) {
  return decorated(footnotesHtml(notes, { numbers, translate }), highlight);
}

export function renderMarkdown(text, { highlight = true } = {}) {
  const tokens = lex(text);
  const numbers = new Map();
  const fragment = renderTokens(tokens, { numbers, highlight });
  fragment.append(renderFootnotes(tokens.notes, { numbers, highlight }));
  return fragment;
}

function decorated(html, highlight) {
  if (!html) return document.createDocumentFragment();
  const fragment = cleanAnswer(html);
  for (const link of fragment.querySelectorAll("a.image-link")) {
    link.prepend(document.getElementById("icon-image-link").content.cloneNode(true));
  }
  decorateFootnotes(fragment);
  setDirections(fragment);
  decorateTables(fragment);
  decorateCode(fragment, { highlight });
  return fragment;
}
