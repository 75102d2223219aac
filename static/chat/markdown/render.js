// Renders markdown to safe DOM. HTML in an answer is shown as text; images become links, so that nothing is loaded.

import { Marked } from "marked";

import { translate } from "parley/lib/page.js";
import { decorateCode } from "parley/markdown/code_blocks.js";
import { cleanAnswer } from "parley/markdown/sanitize.js";
import { decorateTables } from "parley/markdown/tables.js";

// Tags without attributes that models write inside markdown. Other HTML is shown as text.
const PLAIN_TAG = /^<\/?(?:b|br|del|em|i|ins|kbd|mark|s|small|strong|sub|sup|u)\s*\/?>$/i;
const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escape = (text) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]);

const renderer = {
  html({ text }) {
    return PLAIN_TAG.test(text.trim()) ? text : escape(text);
  },
  heading({ tokens, depth }) {
    const level = Math.min(depth + 1, 6);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
  },
  code({ text, lang }) {
    const language = /^[\w+#.-]{1,40}/.exec(lang ?? "")?.[0] ?? "";
    const name = language ? ` class="language-${language}"` : "";
    return `<pre><code${name}>${escape(text)}</code></pre>\n`;
  },
  image({ href, text }) {
    const host = hostOf(href);
    const label = escape(text || translate("image"));
    if (!host) return label;
    const title = escape(translate("image_from", { host }));
    return `<a class="image-link" href="${escape(href)}" title="${title}">${label} <small>${escape(host)}</small></a>`;
  },
  checkbox({ checked }) {
    return checked ? '<span class="task-done">☑</span> ' : '<span class="task">☐</span> ';
  },
};

const marked = new Marked({ gfm: true, renderer });

// `tokens`: as marked's lexer returns them. `highlight`: also colour code, which is done when it is complete.
export function renderTokens(tokens, { highlight = false } = {}) {
  const fragment = cleanAnswer(marked.parser(tokens));
  for (const link of fragment.querySelectorAll("a.image-link")) {
    link.prepend(document.getElementById("icon-image-link").content.cloneNode(true));
  }
  decorateTables(fragment);
  decorateCode(fragment, { highlight });
  return fragment;
}

export function renderMarkdown(text) {
  return renderTokens(marked.lexer(text), { highlight: true });
}

function hostOf(href) {
  try {
    const address = new URL(href);
    return address.protocol === "https:" || address.protocol === "http:" ? address.host : "";
  } catch {
    return "";
  }
}
