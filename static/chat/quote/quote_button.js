// The button beside a selected passage that puts it into the message field as a quotation.

import { fromTemplate } from "parley/lib/fragments.js";
import { quotableParts } from "parley/quote/quotable.js";
import { prefixed, selectedMarkdown } from "parley/quote/selected_markdown.js";

const GAP_PX = 8;
const MARGIN_PX = 8;

let button = null;

// Shows the button at the end of the selection, or hides it if nothing is selected that can be quoted.
export function showQuoteButton() {
  const range = selectedRange();
  if (!range || !quotableParts(range).length) {
    if (button) button.hidden = true;
    return;
  }
  button ??= makeButton();
  button.hidden = false;
  place(range);
}

export function hideQuoteButton() {
  if (button) button.hidden = true;
}

// Puts the selected passage into the message field. Returns false if none is selected.
export function quoteSelection() {
  const range = selectedRange();
  const quoted = range ? quotationOf(range) : "";
  if (!quoted) return false;
  insert(document.getElementById("message"), quoted);
  getSelection().removeAllRanges();
  hideQuoteButton();
  return true;
}

function selectedRange() {
  const selection = getSelection();
  return selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
}

function quotationOf(range) {
  const parts = quotableParts(range).map((part) =>
    part.localName === "parley-markdown" ? selectedMarkdown(part, range) : plainText(part, range),
  );
  return prefixed(parts.filter(Boolean).join("\n\n"));
}

// What a person wrote is quoted as it was typed.
function plainText(part, range) {
  const inner = document.createRange();
  inner.selectNodeContents(part);
  if (part.contains(range.startContainer)) inner.setStart(range.startContainer, range.startOffset);
  if (part.contains(range.endContainer)) inner.setEnd(range.endContainer, range.endOffset);
  return inner.toString().trim();
}

function makeButton() {
  const made = fromTemplate("quote-button");
  // The press must not take the selection away.
  made.addEventListener("pointerdown", (event) => event.preventDefault());
  made.addEventListener("click", quoteSelection);
  document.getElementById("main").append(made);
  document.getElementById("main").addEventListener("scroll", () => showAgain(), { passive: true });
  return made;
}

function showAgain() {
  const range = button.hidden ? null : selectedRange();
  if (range) place(range);
}

// Below the selection: above it, phones show their own menu.
function place(range) {
  const rows = [...range.getClientRects()].filter(({ width }) => width > 0);
  const last = rows.at(-1) ?? range.getBoundingClientRect();
  const area = document.getElementById("main").getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = button;
  const top = Math.min(last.bottom + GAP_PX, area.bottom - height - MARGIN_PX);
  const left = Math.min(
    Math.max(last.right - width / 2, area.left + MARGIN_PX),
    area.right - width - MARGIN_PX,
  );
  button.style.insetBlockStart = `${Math.max(top, area.top + MARGIN_PX)}px`;
  button.style.left = `${left}px`;
}

// Inserts a quotation at the caret, with a blank line on both sides. The browser can undo it.
function insert(field, quoted) {
  field.focus();
  const before = field.value.slice(0, field.selectionStart);
  const after = field.value.slice(field.selectionEnd);
  const opening = before.trim() ? "\n".repeat(2 - Math.min(2, /\n*$/.exec(before)[0].length)) : "";
  const closing = /^\n\n/.test(after) ? "" : "\n\n";
  const text = opening + quoted + closing;
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.scrollTop = field.scrollHeight;
}
