// The card of a tool call: where it is, what it was given, what it brought, and a person's decision about it.

import { announce } from "parley/lib/browser.js";
import { words } from "parley/lib/page.js";

// Shows a tool's name as people say it.
export function showTitle(card, title) {
  const name = card.querySelector("[data-name]");
  name.textContent = title;
  name.classList.add("tool__name--title");
}

// Shows what is known of a call, in the newest block that asked for it.
export function showTool(list, tool) {
  const card = [...list.querySelectorAll("[data-tool-use]")].findLast(
    ({ dataset }) => dataset.toolUse === tool.tool_use_id || dataset.toolCall === tool.tool_call,
  );
  if (!card) return;
  const waits = tool.status === "waiting";
  if (waits && card.dataset.status !== "waiting")
    announce(`${tool.title || tool.name}: ${words("tool_waiting")}`);
  card.dataset.toolCall = tool.tool_call;
  card.dataset.status = tool.status;
  if (tool.title) showTitle(card, tool.title);
  card.querySelector("[data-status-words]").textContent = words(`tool_${tool.status}`);
  if (tool.input) showInput(card, tool.input);
  const form = card.querySelector("[data-ask]");
  form.hidden = !waits;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  if (waits) card.open = true;
  if (tool.result) showResult(card, tool.result);
}

// Shows the result of a call that the provider made itself, in its card; returns the card, or null without one.
export function showServerResult(list, block) {
  const cards = [...list.querySelectorAll("[data-tool-use]")];
  const card = cards.findLast(({ dataset }) => dataset.toolUse === block.tool_use_id);
  if (!card) return null;
  card.dataset.status = block.is_error ? "failed" : "done";
  card.querySelector("[data-status-words]").textContent = words(`tool_${card.dataset.status}`);
  showResult(card, block.result);
  return card;
}

// The message that a click on a card's button sends, or null.
export function decisionOf(target) {
  const button = target.closest?.("[data-ask] button");
  if (!button) return null;
  const form = button.closest("[data-ask]");
  const { decide, viewPart } = button.dataset;
  showText(form, "");
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
    message.input = parsed(form.querySelector("[data-input]").value);
    if (!message.input) {
      showText(form, words("not_json"));
      return null;
    }
  }
  for (const each of form.querySelectorAll("button")) each.disabled = true;
  return message;
}

// Says on its card why a decision was not taken.
export function showProblem(toolCall, text) {
  const form = document.querySelector(`[data-tool-call="${CSS.escape(toolCall)}"] [data-ask]`);
  if (!form) return;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  showText(form, text);
}

function showText(form, text) {
  const place = form.querySelector("[data-problem]");
  place.textContent = text;
  place.hidden = !text;
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

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
