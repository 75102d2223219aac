// The user's decision on the card of a tool call: allow, allow an edited input, or deny.

import { focusIfLost } from "parley/lib/focus.js";

// Escape leaves the fields of a decision. Before the page's shortcuts: the same key must not stop the answer too.
export function startToolDecisions() {
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.('[data-ask]:not([data-view="ask"])');
    if (!form || event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    showPart(form, "ask");
  });
}

// Returns the message that a click on one of a card's buttons sends, or null.
export function decisionFrom(target) {
  const button = target.closest?.("[data-ask] button");
  if (!button) return null;
  const form = button.closest("[data-ask]");
  const { decide, viewPart } = button.dataset;
  showProblemText(form, "");
  if (viewPart) {
    showPart(form, viewPart);
    return null;
  }
  const message = {
    type: "tool.decide",
    tool_call: form.closest("[data-tool-call]").dataset.toolCall,
    decision: decide,
  };
  if ("remember" in button.dataset) message.remember = true;
  form.dataset.remembers = message.remember ?? "";
  if (decide === "deny") message.reason = form.querySelector("[data-reason]").value;
  // As text: numbers of JSON don't fit into those of a browser. The server checks it.
  if (decide === "edit") message.input = form.querySelector("[data-input]").value;
  for (const each of form.querySelectorAll("button")) each.disabled = true;
  return message;
}

// Shows on its card why a decision was refused.
export function showToolProblem(toolCall, text) {
  const form = document.querySelector(`[data-tool-call="${CSS.escape(toolCall)}"] [data-ask]`);
  if (!form) return;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  showProblemText(form, text);
  focusIfLost(form.querySelector(`[data-part="${form.dataset.view}"] :is(input, textarea, button)`));
}

// Shows the decision, or the fields for an edited input or a reason. Back at the decision, the button that opened the
// fields has the focus.
function showPart(form, part) {
  const before = form.dataset.view;
  form.dataset.view = part;
  const opener = part === "ask" && form.querySelector(`[data-part="ask"] [data-view-part="${before}"]`);
  (opener || form.querySelector(`[data-part="${part}"] :is(input, textarea, button)`)).focus();
}

function showProblemText(form, text) {
  const element = form.querySelector("[data-problem]");
  element.textContent = text;
  element.hidden = !text;
}
