// The Retry and Continue buttons of an answer.

// Returns the message that a click on one of the buttons sends, without its client_id, or null.
export function turnRequestFrom(target) {
  const button = target.closest?.("[data-retry], [data-continue]");
  if (!button) return null;
  const { retry, continue: continued, model = null } = button.dataset;
  button.disabled = true;
  return continued ? { type: "turn.continue", turn: continued } : { type: "turn.retry", turn: retry, model };
}

// Enables the buttons again after a request was refused.
export function enableTurnButtons() {
  for (const button of document.querySelectorAll("[data-retry]:disabled, [data-continue]:disabled")) {
    button.disabled = false;
  }
}
