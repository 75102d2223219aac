// The keyboard shortcuts of the page.

import { shortcutName } from "parley/models/keys/keyboard.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

// `actions`: a function for each name that shortcutName returns; one that returns false leaves the key to the browser.
export function startShortcuts(actions) {
  for (const key of document.querySelectorAll("[data-mod]")) if (MAC) key.textContent = "⌘";
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog:modal")) return;
    const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
    const name = shortcutName(event, { typing, empty: !event.target.value, mac: MAC });
    // Escape closes an open menu first.
    if (!name || (name === "stop" && document.querySelector(":popover-open"))) return;
    if (actions[name]() !== false) event.preventDefault();
  });
}
