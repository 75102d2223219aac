// The thinking of an answer: folded, growing while the model thinks, hidden when the provider keeps it secret.

import { translate } from "parley/lib/page.js";

const NEAR_END_PX = 40;

export const isThinking = (type) => type === "thinking" || type === "redacted_thinking";

// Appends text and keeps the end in view for a reader who is there.
export function growThinking(node, text) {
  const value = node.querySelector("[data-value]");
  const atEnd = value.scrollHeight - value.scrollTop - value.clientHeight < NEAR_END_PX;
  value.append(text);
  if (atEnd) value.scrollTop = value.scrollHeight;
}

export function endThinking(node, text) {
  node.querySelector("[data-summary]").textContent = translate("thought");
  node.hidden = !text.trim();
}
