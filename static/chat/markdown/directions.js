// The direction of each block: that of the first letter in it, as `dir="auto"` would find it. "auto" itself looks into
// code and addresses, but not into elements that have a `dir`: a list or a table would not follow its items or cells.

import { directionOf, hasRightToLeft } from "parley/models/text/text_direction.js";

const BLOCKS = "p, h2, h3, h4, h5, h6, ul, ol, li, blockquote, table, th, td, details, summary";
const ADDRESS = /^(?:https?:\/\/|www\.)/i;

// The page is left to right; blocks without a letter follow what they are in.
export function setDirections(root) {
  if (!hasRightToLeft(root.textContent)) return;
  for (const element of root.querySelectorAll(BLOCKS)) {
    const direction = directionIn(element);
    if (direction) element.dir = direction;
  }
}

function directionIn(element) {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    isCodeOrAddress(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const found = node.nodeType === Node.TEXT_NODE && directionOf(node.data);
    if (found) return found;
  }
  return "";
}

function isCodeOrAddress(node) {
  return node.nodeName === "CODE" || (node.nodeName === "A" && ADDRESS.test(node.textContent));
}
