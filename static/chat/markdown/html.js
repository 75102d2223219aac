// Writes an answer's tokens as HTML, which sanitize.js cleans. HTML in an answer is shown as text; images become
// links, so that nothing is loaded.

import { Parser, Renderer } from "marked";

import { fileNameIn } from "parley/models/text/code_files.js";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escape = (text) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]);

// `numbers`: the numbers of footnotes by label, in the order in which the text refers to them; it gets new ones.
// `translate`: as in lib/page.js.
export function toHtml(tokens, { numbers, translate }) {
  return parserFor(numbers, translate).parse(tokens);
}

// Returns the list of all footnotes, "" if there are none: first those that the text refers to.
export function footnotesHtml(notes, { numbers, translate }) {
  if (!notes.size) return "";
  const parser = parserFor(numbers, translate);
  const written = new Map();
  // A footnote may refer to further ones: write until no number is new.
  for (let found = labels(notes, numbers, written); found.length; found = labels(notes, numbers, written)) {
    for (const label of found) written.set(label, `<li>${parser.parse(notes.get(label))}</li>`);
  }
  for (const [label, tokens] of notes) {
    if (!written.has(label)) written.set(label, `<li>${parser.parse(tokens)}</li>`);
  }
  return `<ol class="footnotes">${[...written.values()].join("")}</ol>`;
}

function labels(notes, numbers, written) {
  return [...numbers.keys()].filter((label) => notes.has(label) && !written.has(label));
}

function parserFor(numbers, translate) {
  const renderers = {
    citation: ({ number, href }) => `<a class="citation" href="${escape(href)}">[${number}]</a>`,
    details: (token) => detailsHtml(parser, token, translate),
    footnote: () => "",
    footnote_reference: ({ label }) => `<sup class="footnote-reference">${numberOf(label, numbers)}</sup>`,
    formula: ({ text }) => `<code class="formula">${escape(text)}</code>`,
    formula_block: ({ text }) => `<p><code class="formula-block">${escape(text)}</code></p>\n`,
    literal: ({ text }) => escape(text),
  };
  const parser = new Parser({ renderer: new AnswerRenderer(translate), extensions: { renderers } });
  return parser;
}

function numberOf(label, numbers) {
  if (!numbers.has(label)) numbers.set(label, numbers.size + 1);
  return numbers.get(label);
}

function detailsHtml(parser, { open, summary, tokens }, translate) {
  const head = summary ? parser.parseInline(summary) : escape(translate("details"));
  return `<details${open ? " open" : ""}><summary>${head}</summary>${parser.parse(tokens)}</details>\n`;
}

class AnswerRenderer extends Renderer {
  #translate;

  constructor(translate) {
    super();
    this.#translate = translate;
  }

  // Only tags that inline_html.js found to be paired arrive here inside a text; a block of HTML is text.
  html({ text, block }) {
    return block ? `<p>${escape(text.trim())}</p>\n` : text;
  }

  heading({ tokens, depth }) {
    const level = Math.min(depth + 1, 6);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
  }

  code({ text, lang, open }) {
    const language = /^[\w+#.-]{1,40}/.exec(lang ?? "")?.[0] ?? "";
    const classes = [language && `language-${language}`, open && "growing"].filter(Boolean).join(" ");
    const file = fileNameIn(lang ?? "");
    const attributes = (classes && ` class="${classes}"`) + (file && ` title="${escape(file)}"`);
    return `<pre><code${attributes}>${escape(text)}</code></pre>\n`;
  }

  link(token) {
    // Addresses of this server are for citations.
    return token.href.startsWith("/") ? this.parser.parseInline(token.tokens) : super.link(token);
  }

  image({ href, text }) {
    const host = hostOf(href);
    const label = escape(text || this.#translate("image"));
    if (!host) return label;
    const title = escape(this.#translate("image_from", { host }));
    return `<a class="image-link" href="${escape(href)}" title="${title}">${label} <small>${escape(host)}</small></a>`;
  }

  checkbox({ checked }) {
    return checked ? '<span class="task-done">☑</span> ' : '<span class="task">☐</span> ';
  }
}

function hostOf(href) {
  try {
    const address = new URL(href);
    return address.protocol === "https:" || address.protocol === "http:" ? address.host : "";
  } catch {
    return "";
  }
}
