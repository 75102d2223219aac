// What a version of an artifact changed.

import { translate } from "parley/lib/page.js";
import { lineDiff, withContext } from "parley/models/text/line_diff.js";

const NAMES = { "+": "ins", "-": "del", " ": "span" };

export function showChanges(place, before, after) {
  const lines = withContext(lineDiff(before.text, after.text));
  const changed = lines.some(({ sign }) => sign === "+" || sign === "-");
  const pre = document.createElement("pre");
  pre.className = "changes";
  if (changed) pre.append(...lines.map(line));
  else pre.textContent = translate("no_changes");
  place.replaceChildren(pre);
}

function line({ sign, text, left }) {
  const element = document.createElement(left ? "span" : NAMES[sign]);
  element.className = "changes__line";
  if (left) {
    element.classList.add("changes__left");
    element.textContent = translate("lines_left", { count: left });
  } else {
    element.dataset.sign = sign;
    element.textContent = text || " ";
  }
  return element;
}
