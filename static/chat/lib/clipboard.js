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
    toast(translate("copy_failed"));
    return false;
  }
}

// Shows a check mark on a copy button for a moment.
export function confirmCopy(button) {
  const use = button.querySelector("use");
  use.setAttribute("href", "#icon-check");
  announce(translate("copied"));
  setTimeout(() => use.setAttribute("href", "#icon-copy"), CONFIRMED_MS);
}
