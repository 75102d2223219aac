// HTML inside a text. A few tags without attributes are markup; all other HTML is text, but protects what it holds
// from Markdown.

import { autolinkNode } from "parley/markdown/parser/links.js";

export const PLAIN_TAG = /^<\/?(?:b|br|del|em|i|ins|kbd|mark|s|small|strong|sub|sup|u)\s*\/?>$/i;
const AUTOLINK = /<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{0,2000})>/y;
const MAIL = /<([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>/y;
const TAG =
  /<(?:\/[A-Za-z][A-Za-z0-9-]*\s*|[A-Za-z][A-Za-z0-9-]*(?:\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?)*\s*\/?)>/y;
const COMMENT_END = "-->";
const VOID = /^<br\b/i;

// Returns {node, end} of the autolink, tag or comment at `at`, or null.
export function htmlAt(text, at) {
  const address = match(AUTOLINK, text, at) ?? match(MAIL, text, at);
  if (address) {
    const href = address[0].includes(":") ? address[1] : `mailto:${address[1]}`;
    return { node: autolinkNode(href, address[1]), end: at + address[0].length };
  }
  const tag = match(TAG, text, at)?.[0] ?? comment(text, at);
  return tag ? { node: { type: "html", text: tag }, end: at + tag.length } : null;
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function comment(text, at) {
  if (!text.startsWith("<!--", at)) return "";
  const window = text.slice(at, at + 4000);
  const end = window.indexOf(COMMENT_END, 4);
  return end < 0 ? "" : window.slice(0, end + COMMENT_END.length);
}

// Returns the nodes with all HTML but paired plain tags as text: an open <b> would reach into the next block.
export function balanceTags(nodes) {
  const open = [];
  const paired = new Set();
  const counts = new Map();
  for (const node of nodes) {
    const name = node.type === "html" && PLAIN_TAG.test(node.text) && nameOf(node.text);
    if (!name || VOID.test(node.text)) continue;
    if (!node.text.startsWith("</")) {
      open.push({ name, node });
      counts.set(name, (counts.get(name) ?? 0) + 1);
      continue;
    }
    if (!counts.get(name)) continue;
    for (;;) {
      const last = open.pop();
      counts.set(last.name, counts.get(last.name) - 1);
      if (last.name !== name) continue;
      paired.add(last.node).add(node);
      break;
    }
  }
  return nodes.map((node) =>
    node.type !== "html" || paired.has(node) || VOID.test(node.text)
      ? node
      : { type: "literal", text: node.text },
  );
}

const nameOf = (tag) => /[a-z]+/i.exec(tag)[0].toLowerCase();
