// The thoughts of an answer: folded, growing while the model thinks, gone if it kept them to itself.

import { words } from "parley/lib/page.js";

const NEAR_END = 40;

export const isThinking = (type) => type === "thinking" || type === "redacted_thinking";

export function growThoughts(node, text) {
  const place = node.querySelector("[data-value]");
  const follows = place.scrollHeight - place.scrollTop - place.clientHeight < NEAR_END;
  place.append(text);
  if (follows) place.scrollTop = place.scrollHeight;
}

export function endThoughts(node, value) {
  node.querySelector("[data-summary]").textContent = words("thought");
  node.hidden = !value.trim();
}
