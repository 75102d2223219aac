// The Retry and Continue buttons of an answer, and the choices of its menu (retry_menu.js).

import { focusIfLost } from "parley/lib/focus.js";

const CHOICE = "#choice";
const EFFORT = "#effort";

// Returns the message that a click on one of the buttons or choices sends, without its client_id, or null. "Try again"
// and the lengths ask whom the conversation asked last; else the answer comes from what the picker shows, unless the
// button names a model.
export function turnRequestFrom(target) {
  const item = target.closest?.(
    "[data-answer-by], [data-try-again], [data-length], [data-with-effort], [data-compare-with]",
  );
  if (item) return retryOf(item.closest("[popover]").dataset.turn, wishOf(item.dataset));
  const button = target.closest?.("[data-retry], [data-continue]");
  if (!button) return null;
  const { retry, continue: continued, model } = button.dataset;
  disabled(button);
  if (model) return { type: "turn.retry", turn: retry, model };
  const choice = chosen(document.querySelector(CHOICE).value);
  return continued ? { type: "turn.continue", turn: continued, ...choice } : retryOf(retry, choice);
}

// Enables the buttons again after a request was refused.
export function enableTurnButtons() {
  for (const button of document.querySelectorAll("[data-retry]:disabled, [data-continue]:disabled")) {
    button.disabled = false;
    if ("hadFocus" in button.dataset) focusIfLost(button);
    delete button.dataset.hadFocus;
  }
}

// Makes the picker show what answers from now on. Returns {assistant, model}, as a request names it.
export function choose(value) {
  const picker = document.querySelector(CHOICE);
  picker.value = value;
  picker.dispatchEvent(new Event("change", { bubbles: true }));
  return chosen(value);
}

// Makes the page show the effort of the next answers. Returns {effort}, as a request names it.
function chooseEffort(effort) {
  const select = document.querySelector(EFFORT);
  select.value = effort;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  return { effort };
}

// Returns {assistant, model}, as a request names what the picker shows with this value.
export function chosen(value) {
  const [kind, id] = value.split(":");
  return { assistant: kind === "assistant" ? id : null, model: kind === "model" ? id : null };
}

function wishOf({ answerBy, compareWith, length, withEffort }) {
  if (answerBy) return choose(answerBy);
  // The last answer of a comparison: nobody else answers after it.
  if (compareWith) return { ...choose(compareWith), compare_with: [] };
  if (withEffort !== undefined) return chooseEffort(withEffort);
  return length ? { length } : {};
}

function retryOf(turn, choice) {
  return { type: "turn.retry", turn, ...choice };
}

function disabled(button) {
  if (button === document.activeElement) button.dataset.hadFocus = "";
  button.disabled = true;
}
