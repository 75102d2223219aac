// The message that a search result led to: brought into view, outlined, with the words that were looked for marked.

import { joinedText } from "parley/lib/joined_text.js";
import { foundWords } from "parley/models/text/found_words.js";

const MARKS = "found-words";
// The texts that the server searches: no thoughts, tool calls and summaries.
const SEARCHED = "parley-markdown[data-type=text], .message__text";
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
    if (place) bringIntoView(place);
    else article.scrollIntoView({ block: "start" });
  };
  show();
  // Texts are rendered and pictures are loaded above: the message stays in view until the reader moves on.
  const observer = new ResizeObserver(show);
  observer.observe(root);
  observer.observe(article);
  // Code gets its colours and formulas are set in new elements, which have no marks yet.
  new MutationObserver(() => mark(article, needles)).observe(article, { childList: true, subtree: true });
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
// range of the first one, or null.
function mark(article, needles) {
  const { text, range } = joinedText(article, (element) => element.closest(SEARCHED));
  const ranges = foundWords(text, needles).map(([start, end]) => range(start, end));
  if (globalThis.Highlight) CSS.highlights.set(MARKS, new Highlight(...ranges));
  return ranges[0] ?? null;
}

// A folded part of an answer is unfolded. The words themselves come into view: their element may be a long block of code,
// or a line that is wider than its box.
function bringIntoView(place) {
  const element = place.startContainer.parentElement;
  for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details"))
    fold.open = true;
  element.scrollIntoView({ block: "center" });
  for (let box = element; box && box !== document.body; box = box.parentElement) {
    if (!/auto|scroll/.test(getComputedStyle(box).overflow)) continue;
    const words = place.getBoundingClientRect();
    const area = box.getBoundingClientRect();
    const isBeside = words.left < area.left || words.right > area.right;
    box.scrollBy({
      top: words.top + words.height / 2 - area.top - area.height / 2,
      left: isBeside ? words.left + words.width / 2 - area.left - area.width / 2 : 0,
    });
  }
}
