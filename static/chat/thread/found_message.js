// The message that a search result led to: brought into view, outlined, with the words that were looked for marked.

import { foundWords } from "parley/models/text/found_words.js";

const MARKS = "found-words";
const HANDS_ON = ["wheel", "touchstart", "pointerdown", "keydown"];

// Shows the message that the server named for `root`, the thread. Calls `onfound` before it scrolls there.
export function showFoundMessage(root, onfound) {
  const { found, words } = root.dataset;
  const article = found ? root.querySelector(`:scope > [data-message="${found}"]`) : null;
  if (!article) return;
  onfound();
  article.dataset.found = "";
  unfold(article);
  article.focus({ preventScroll: true });
  const needles = JSON.parse(words);
  const show = () => {
    const place = mark(article, needles);
    if (place) place.scrollIntoView({ block: "center" });
    else article.scrollIntoView({ block: "start" });
  };
  show();
  // Texts are rendered and pictures are loaded above: the message stays in view until the reader moves on.
  const observer = new ResizeObserver(show);
  observer.observe(root);
  observer.observe(article);
  const stop = () => {
    observer.disconnect();
    for (const name of HANDS_ON) removeEventListener(name, stop, true);
  };
  for (const name of HANDS_ON) addEventListener(name, stop, { capture: true, passive: true });
}

// The text of a long message is folded.
function unfold(article) {
  for (const button of article.querySelectorAll(".message__all[aria-expanded=false]")) button.click();
}

// Marks words without a change of the page's elements, which the thread and its Markdown keep as they are. Returns the
// element of the first one, or null.
function mark(article, needles) {
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT, {
    acceptNode: ({ parentElement }) =>
      parentElement.closest("[data-blocks], .message__text")
        ? NodeFilter.FILTER_ACCEPT
        : NodeFilter.FILTER_REJECT,
  });
  const ranges = [];
  while (texts.nextNode()) {
    for (const [start, end] of foundWords(texts.currentNode.data, needles)) {
      const range = new Range();
      range.setStart(texts.currentNode, start);
      range.setEnd(texts.currentNode, end);
      ranges.push(range);
    }
  }
  if (globalThis.Highlight) CSS.highlights.set(MARKS, new Highlight(...ranges));
  return ranges[0]?.startContainer.parentElement ?? null;
}
