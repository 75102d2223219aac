// The text of an element as it is read: words go on over bold letters, links and the colours of code, and end with a
// paragraph, a cell or a line.

const BLOCKS =
  "p, h2, h3, h4, h5, h6, ul, ol, li, blockquote, pre, table, tr, th, td, details, summary, div, parley-markdown";
const SKIPPED = "button, .code__head, .visually-hidden, .katex-mathml";

// Returns {text, range}: range(start, end) is the Range of a part of the text. `kept` decides on elements with text.
export function joinedText(root, kept) {
  const parts = [];
  let text = "";
  let block = null;
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  while (nodes.nextNode()) {
    const node = nodes.currentNode;
    if (node.nodeName === "BR") text += "\n";
    if (node.nodeType !== Node.TEXT_NODE) continue;
    const { parentElement } = node;
    if (!kept(parentElement) || parentElement.closest(SKIPPED)) continue;
    const own = parentElement.closest(BLOCKS);
    if (own !== block) text += "\n";
    block = own;
    parts.push({ node, start: text.length });
    text += node.data;
  }
  return { text, range: (start, end) => rangeOf(parts, start, end) };
}

function rangeOf(parts, start, end) {
  const range = new Range();
  const first = parts.findLast((part) => part.start <= start);
  const last = parts.findLast((part) => part.start < end);
  range.setStart(first.node, Math.min(start - first.start, first.node.length));
  range.setEnd(last.node, Math.min(end - last.start, last.node.length));
  return range;
}
