// The Copy button of a message: its whole text exactly as it was written, without the marks of citations.

import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { withoutMarks } from "parley/models/text/citations.js";

export function startCopy() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy]");
    if (button && (await copy(textOf(button.closest(".message"))))) confirmCopy(button);
  });
}

function textOf(message) {
  const parts = [...message.querySelectorAll("[data-type=text], .message__text")];
  return parts.map(exactText).join("\n\n");
}

function exactText(node) {
  if (node.dataset.raw !== undefined) return node.dataset.raw;
  const text = node.source ?? node.textContent;
  // Only texts that cite have marks; the same characters in other texts are the model's own.
  return "cited" in node.dataset ? withoutMarks(text) : text;
}
