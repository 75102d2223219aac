// The rows of a rendered list or table.

import { patchChildren } from "parley/lib/patch.js";

// `element`: a list, or the frame around a table.
function bodyOf(element) {
  return element.matches("ul, ol") ? element : element.querySelector("tbody");
}

export function rowsIn(element) {
  return bodyOf(element)?.children ?? [];
}

export function rowsFrom(element, start) {
  return [...rowsIn(element)].slice(start);
}

// Moves the rows of the first element of a fragment to the end of a list or table, which they continue.
export function moveRows(fragment, element) {
  const more = fragment.firstElementChild;
  const rows = [...(bodyOf(more)?.childNodes ?? [])];
  const body = bodyOf(element);
  // Between two items stands one line break.
  if (isBlank(rows[0]) && isBlank(body.lastChild)) rows.shift().remove();
  body.append(...rows);
  if (isBlank(more.nextSibling)) more.nextSibling.remove();
  more.remove();
}

const isBlank = (node) => node?.nodeType === Node.TEXT_NODE;

// Puts the rows of `more` behind the first `final` rows of a list or table.
export function growRows(element, more, final) {
  const body = bodyOf(element);
  const fresh = bodyOf(more) ?? document.createDocumentFragment();
  let first = body.children[final - 1].nextSibling;
  if (isBlank(first) && !isBlank(fresh.firstChild)) first = first.nextSibling;
  patchChildren(body, fresh, first);
}
