// Keyboard shortcuts of the whole page.

import { shortcut } from "parley/models/keys.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

// `actions`: a function for each name that models/keys.js knows.
export function startShortcuts(actions) {
  for (const key of document.querySelectorAll("[data-mod]")) if (MAC) key.textContent = "⌘";
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog:modal")) return;
    const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
    const name = shortcut(event, { typing, mac: MAC });
    // Escape first closes what is open.
    if (!name || (name === "stop" && document.querySelector(":popover-open"))) return;
    if (actions[name]() !== false) event.preventDefault();
  });
}
