// The user's decision on the card of a tool call: allow, allow an edited input, or deny.

import { focusIfLost } from "parley/lib/focus.js";

// Returns the message that a click on one of a card's buttons sends, or null.
export function decisionFrom(target) {
  const button = target.closest?.("[data-ask] button");
  if (!button) return null;
  const form = button.closest("[data-ask]");
  const { decide, viewPart } = button.dataset;
  showProblemText(form, "");
  if (viewPart) {
    form.dataset.view = viewPart;
    form.querySelector(`[data-part="${viewPart}"] :is(input, textarea, button)`).focus();
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

function showProblemText(form, text) {
  const element = form.querySelector("[data-problem]");
  element.textContent = text;
  element.hidden = !text;
}
