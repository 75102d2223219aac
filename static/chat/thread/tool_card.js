// The card of a tool call: its status, its input, its result, and the user's decision about it.

import { announce } from "parley/lib/announcements.js";
import { fromHtml } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { showAllowedTool } from "parley/shell/allowed_tools.js";
import { focusIfLost, isFree } from "parley/lib/focus.js";
import { refreshSteps, showWaiting } from "parley/thread/steps.js";

const MAX_ANNOUNCED_CHARACTERS = 300;

// Shows a tool's title in place of its technical name.
export function showToolTitle(card, title) {
  const name = card.querySelector("[data-name]");
  name.textContent = title;
  name.classList.add("tool__name--title");
}

// Shows the state of a call on the newest card that belongs to it; `event` is what changed it.
export function updateToolCard(list, tool, event) {
  const card = [...list.querySelectorAll("[data-tool-use]")].findLast(
    ({ dataset }) => dataset.toolUse === tool.tool_use_id || dataset.toolCall === tool.tool_call,
  );
  if (!card) return;
  const before = card.dataset.status;
  const waits = tool.status === "waiting";
  card.dataset.toolCall = tool.tool_call;
  card.dataset.status = tool.status;
  if (tool.title) showToolTitle(card, tool.title);
  card.querySelector("[data-status-words]").textContent = translate(`tool_${tool.status}`);
  if (event.html?.input) showInput(card, event.html.input);
  if (tool.result) showResult(card, tool.result);
  if (waits && before !== "waiting") askFor(card);
  else if (!waits && before === "waiting") decided(card);
  refreshSteps(card);
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

// Asks for a decision: unfolds the card, brings it into view, and gives it the focus if nothing is being written.
function askFor(card) {
  const form = card.querySelector("[data-ask]");
  form.hidden = false;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
  card.open = true;
  showWaiting(card);
  const given = card.querySelector("[data-given]").innerText.slice(0, MAX_ANNOUNCED_CHARACTERS);
  announce(`${card.querySelector("[data-name]").textContent}: ${translate("tool_waiting")}. ${given}`);
  if (!isFree()) return;
  card.scrollIntoView({ block: "nearest" });
  card.querySelector("summary").focus({ preventScroll: true });
}

// Folds a card that was decided. The focus goes on to the next call that waits, or to the answer that goes on.
function decided(card) {
  const form = card.querySelector("[data-ask]");
  const next = document.querySelector('[data-type=tool_use][data-status="waiting"] > summary');
  const hadFocus = form.contains(document.activeElement) || document.activeElement === document.body;
  form.hidden = true;
  card.open = false;
  if (form.dataset.remembers === "true") showAllowedTool(card.querySelector("[data-name]").textContent);
  form.dataset.remembers = "";
  if (hadFocus) focusIfLost(next ?? card.closest(".message"));
}

// Shows what a call is about, as the server rendered it.
function showInput(card, html) {
  const given = card.querySelector("[data-given]");
  given.replaceChildren(...fromHtml(html));
  const edited = card.querySelector("[data-input]");
  edited.value = edited.defaultValue = given.querySelector("[data-value]").textContent;
}

function showResult(card, result) {
  const text = result.map((part) => part.text ?? `[${part.type}]`).join("\n");
  card.querySelector("[data-result]").textContent = text;
  card.querySelector("[data-result-part]").hidden = !text;
}
