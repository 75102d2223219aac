// The tools that the user allowed for the rest of this conversation: a button in the top bar opens their dialog.

import { toast } from "parley/lib/announcements.js";
import { page, translate } from "parley/lib/page.js";
import { focusIfLost } from "parley/lib/focus.js";

export function startAllowedTools() {
  const button = document.getElementById("allowed-tools");
  const dialog = document.getElementById("dialog");
  button.addEventListener("click", openAllowedTools);
  // The button stays while the dialog is open, which gives the focus back to it.
  document.addEventListener("allowed-tools-changed", ({ detail }) => (button.dataset.count = detail.count));
  dialog.addEventListener("close", () => {
    if (button.dataset.count !== "0") return;
    delete button.dataset.count;
    button.hidden = true;
    focusIfLost(document.getElementById("message"));
  });
}

// A tool was just allowed: says so, with the way to take it back.
export function showAllowedTool(title) {
  document.getElementById("allowed-tools").hidden = false;
  const action = { name: translate("change"), run: openAllowedTools };
  toast(translate("tool_allowed", { tool: title }), { action });
}

function openAllowedTools() {
  htmx.ajax("GET", `/c/${page.conversation}/tools`, { target: "#dialog-content", source: document.body });
}
