// Copies text to the clipboard and confirms it on the button.

import { announce, toast } from "parley/lib/announcements.js";
import { translate } from "parley/lib/page.js";

const CONFIRMED_MS = 1600;

// Returns whether the text is in the clipboard. Shows a message when the browser refuses.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (copyBySelection(text)) return true;
    toast(translate("copy_failed"));
    return false;
  }
}

// Browsers offer navigator.clipboard on secure origins only; many teams begin on plain http.
// The selection stands for the text: a field with half a million lines takes a browser long to lay out.
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = "…";
  field.className = "visually-hidden";
  field.addEventListener("copy", (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
  });
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}

// Shows a check mark on a copy button for a moment.
export function confirmCopy(button) {
  const use = button.querySelector("use");
  use.setAttribute("href", "#icon-check");
  announce(translate("copied"));
  setTimeout(() => use.setAttribute("href", "#icon-copy"), CONFIRMED_MS);
}
