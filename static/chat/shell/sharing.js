// The dialogs for sharing and exporting a conversation: copying a link, and closing after a choice.

import { confirmCopy, copy } from "parley/lib/clipboard.js";

export function startSharing() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy-field]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copyField);
    if (await copy(field.value)) confirmCopy(button);
  });
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches?.(".share__row input[readonly]")) target.select();
  });
}
