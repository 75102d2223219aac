// The folded line of an answer's thoughts and tool calls, and the boxes below it.

import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { newestLine, stepLine } from "parley/models/turn/step_line.js";

const isStep = (type) => type !== "text" && type !== "compaction";

// Appends a block's element to an answer: into the steps at its end if it is a step, else below them.
export function appendBlock(list, node) {
  const last = list.lastElementChild;
  if (!isStep(node.dataset.type)) list.append(node);
  else if (last?.dataset.type === "steps") last.querySelector("[data-list]").append(node);
  else {
    const steps = fromTemplate("block-steps");
    steps.querySelector("[data-list]").append(node);
    list.append(steps);
  }
  refreshSteps(node);
}

// Removes a block's element, and the line of steps if it was the only one.
export function removeBlock(node) {
  const steps = node.closest("[data-type=steps]");
  node.remove();
  if (steps && !steps.querySelector("[data-block]")) steps.remove();
  else refreshSteps(steps);
}

// Writes the line of the steps around a node, or of the steps themselves.
export function refreshSteps(node) {
  const steps = node?.closest("[data-type=steps]");
  if (!steps) return;
  const found = [...steps.querySelectorAll("[data-block]")].map(readStep);
  setText(steps.querySelector("[data-line]"), stepLine(found, translate));
  const thought = steps.querySelector("[data-type=thinking][data-open] [data-value]");
  setText(steps.querySelector("[data-newest]"), thought ? newestLine(thought.textContent) : "");
}

// Marks when a thought begins; its line counts the seconds from then on.
export function beginThought(node) {
  node.since = performance.now();
}

// Ends a thought after `seconds`. One whose text the provider keeps secret is not shown any more.
export function endThought(node, { value, seconds }) {
  if (seconds !== undefined) node.dataset.seconds = seconds.toFixed(1);
  if (value.trim()) refreshSteps(node);
  else removeBlock(node);
}

// Unfolds the steps around a call that waits for a decision, and folds them again after the end.
export function showWaiting(card) {
  const steps = card.closest("[data-type=steps]");
  if (!steps) return;
  if (!steps.open) steps.dataset.folds = "";
  steps.open = true;
}

export function foldAfterEnd(article) {
  for (const steps of article.querySelectorAll("[data-type=steps][data-folds]")) {
    delete steps.dataset.folds;
    if (!steps.contains(document.activeElement)) steps.open = false;
  }
}

// A line with one tool call unfolds it with one click.
export function startSteps() {
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (!target.open || target.dataset.type !== "steps") return;
      const boxes = target.querySelectorAll("[data-block]");
      if (boxes.length === 1 && boxes[0].localName === "details") boxes[0].open = true;
    },
    true,
  );
}

function readStep(node) {
  const { type, status, seconds } = node.dataset;
  const open = "open" in node.dataset;
  if (type !== "thinking") return { type, status, name: nameOf(node) };
  const passed = open && node.since ? (performance.now() - node.since) / 1000 : null;
  return { type, open, seconds: seconds === undefined ? passed : Number(seconds) };
}

// Results that belong to the call above them have no name in the line.
function nameOf(node) {
  const { type, status } = node.dataset;
  if (type === "sources" || type.endsWith("_tool_result")) return "";
  const name = node.querySelector("[data-name]");
  if (type === "other" && status !== "failed" && name.matches(".tool__name--title")) return "";
  return name.textContent;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
