// The card of a tool call: its status, its input, its result, and the user's decision about it.

import { announce } from "parley/lib/announcements.js";
import { translate } from "parley/lib/page.js";

// Shows a tool's title in place of its technical name.
export function showToolTitle(card, title) {
  const name = card.querySelector("[data-name]");
  name.textContent = title;
  name.classList.add("tool__name--title");
}

// Shows the state of a call on the newest card that belongs to it.
export function updateToolCard(list, tool) {
  const card = [...list.querySelectorAll("[data-tool-use]")].findLast(
    ({ dataset }) => dataset.toolUse === tool.tool_use_id || dataset.toolCall === tool.tool_call,
  );
  if (!card) return;
  const waits = tool.status === "waiting";
  if (waits && card.dataset.status !== "waiting")
    announce(`${tool.title || tool.name}: ${translate("tool_waiting")}`);
  card.dataset.toolCall = tool.tool_call;
  card.dataset.status = tool.status;
  if (tool.title) showToolTitle(card, tool.title);
  card.querySelector("[data-status-words]").textContent = translate(`tool_${tool.status}`);
  if (tool.input) showInput(card, tool.input);
  const form = card.querySelector("[data-ask]");
  form.hidden = !waits;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  if (waits) card.open = true;
  if (tool.result) showResult(card, tool.result);
}

// Shows the result of a call that the provider made itself. Returns its card, or null if there is none.
export function showServerResult(list, block) {
  const cards = [...list.querySelectorAll("[data-tool-use]")];
  const card = cards.findLast(({ dataset }) => dataset.toolUse === block.tool_use_id);
  if (!card) return null;
  card.dataset.status = block.is_error ? "failed" : "done";
  card.querySelector("[data-status-words]").textContent = translate(`tool_${card.dataset.status}`);
  showResult(card, block.result);
  return card;
}

// Returns the message that a click on a card's button sends, or null.
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
  if (decide === "deny") message.reason = form.querySelector("[data-reason]").value;
  if (decide === "edit") {
    message.input = parseObject(form.querySelector("[data-input]").value);
    if (!message.input) {
      showProblemText(form, translate("not_json"));
      return null;
    }
  }
  for (const each of form.querySelectorAll("button")) each.disabled = true;
  return message;
}

// Shows on its card why a decision was refused.
export function showToolProblem(toolCall, text) {
  const form = document.querySelector(`[data-tool-call="${CSS.escape(toolCall)}"] [data-ask]`);
  if (!form) return;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  showProblemText(form, text);
}

function showProblemText(form, text) {
  const element = form.querySelector("[data-problem]");
  element.textContent = text;
  element.hidden = !text;
}

function showInput(card, input) {
  const text = JSON.stringify(input, null, 2);
  card.querySelector("[data-value]").textContent = text;
  card.querySelector("[data-input]").value = text;
}

function showResult(card, result) {
  const text = result.map((part) => part.text ?? `[${part.type}]`).join("\n");
  card.querySelector("[data-result]").textContent = text;
  card.querySelector("[data-result-part]").hidden = !text;
}

function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
