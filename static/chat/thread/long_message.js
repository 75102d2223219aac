// Long messages of the user are folded. A button below shows all of one.

import { translate } from "parley/lib/page.js";

const MAX_LINES = 12;
// A longer text is not laid out while it is folded: half a million lines take a browser seconds. The server marks such
// messages too (presentation/messages.py).
const LAID_OUT_CHARACTERS = 20_000;
const PREVIEW_CHARACTERS = 600;
// Unfolded, such a text is laid out in parts, as they come into view.
const PART = /(?:[^\n]*\n){1,500}|[^\n]+$/g;

export function startLongMessages() {
  document.addEventListener("htmx:afterSettle", () => foldLongMessages(document));
}

// Folds the long messages below `root` that were not looked at yet.
export function foldLongMessages(root) {
  const bubbles = [...root.querySelectorAll("[data-bubble]:not([data-looked])")];
  const previewed = bubbles.filter((bubble) => textOf(bubble).textContent.length > LAID_OUT_CHARACTERS);
  for (const bubble of bubbles) bubble.dataset.looked = "";
  for (const bubble of previewed) {
    addPreview(textOf(bubble));
    fold(bubble, "preview");
  }
  // All are measured before one is changed, so that the page is laid out once.
  const clipped = bubbles.filter((bubble) => !previewed.includes(bubble) && isHigh(textOf(bubble)));
  for (const bubble of clipped) fold(bubble, "clipped");
}

const textOf = (bubble) => bubble.querySelector(".message__text");

// A button for two more lines would be no gain.
const isHigh = (text) =>
  text.scrollHeight > MAX_LINES * Number.parseFloat(getComputedStyle(text).lineHeight) * 1.2;

// Divides the text into parts, and adds its beginning, which stands for it while it is folded.
function addPreview(text) {
  const whole = text.textContent;
  const preview = document.createElement("div");
  preview.className = "message__preview";
  preview.dir = "auto";
  const lines = whole.slice(0, PREVIEW_CHARACTERS).split("\n").slice(0, MAX_LINES);
  preview.textContent = `${lines.join("\n")}…`;
  text.replaceChildren(...whole.match(PART).map(newPart));
  text.before(preview);
}

// A part keeps its last line break, which is not shown at the end of a block, so that the parts together are the text.
function newPart(words) {
  const part = document.createElement("div");
  part.className = "message__part";
  part.textContent = words;
  return part;
}

function fold(bubble, way) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "message__all" });
  const show = (all) => {
    if (all) delete bubble.dataset.folded;
    else bubble.dataset.folded = way;
    button.setAttribute("aria-expanded", String(all));
    button.textContent = translate(all ? "show_less" : "show_all");
  };
  button.addEventListener("click", () => show("folded" in bubble.dataset));
  show(false);
  bubble.append(button);
}
