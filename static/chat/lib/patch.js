// Makes one DOM tree equal to another and keeps every node that is right already, and with it the reader's selection,
// focus, unfolded boxes and scroll positions.

// What readers and scripts change on the page and the server does not know.
const OF_THE_PAGE = new Set([
  "open",
  "data-folds",
  "data-wrapped",
  "data-drawn",
  "data-source",
  "data-settled",
  "aria-pressed",
]);

export function patch(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    patchText(old, fresh.data);
    return;
  }
  if (isMadeFrom(old, fresh)) return;
  patchAttributes(old, fresh);
  if (old.settle) old.settle(fresh.textContent);
  else if (!isMadeHere(old, fresh)) patchChildren(old, fresh);
}

// `first`: the child of `old` with which the part begins that is made equal; null if only new ones come.
export function patchChildren(old, fresh, first = old.firstChild) {
  let node = first;
  for (const next of [...fresh.childNodes]) {
    const found = counterpart(node, next);
    if (!found) {
      old.insertBefore(next, node);
      continue;
    }
    while (node !== found) node = removed(node);
    node = found.nextSibling;
    patch(found, next);
  }
  while (node) node = removed(node);
}

// Replaces only what differs: a selection that begins or ends in the rest of the text stays.
function patchText(node, text) {
  const { data } = node;
  if (data === text) return;
  const shorter = Math.min(data.length, text.length);
  let start = 0;
  while (start < shorter && data[start] === text[start]) start += 1;
  let end = 0;
  while (end < shorter - start && data.at(-1 - end) === text.at(-1 - end)) end += 1;
  node.replaceData(start, data.length - start - end, text.slice(start, text.length - end));
}

function removed(node) {
  const after = node.nextSibling;
  node.remove();
  return after;
}

// Returns the first sibling from `node` on that shows the same as `fresh`, or null.
function counterpart(node, fresh) {
  if (fresh.nodeType !== Node.ELEMENT_NODE) return node?.nodeType === fresh.nodeType ? node : null;
  const wanted = nameOf(fresh);
  for (let each = node; each; each = each.nextSibling) {
    if (each.nodeType === Node.ELEMENT_NODE && nameOf(each) === wanted) return each;
  }
  return null;
}

function nameOf({ localName, dataset, id }) {
  return [localName, id, dataset?.type, dataset?.message, dataset?.toolUse].join("|");
}

// Times in the reader's zone and the colours of code are made on the page from the same text.
function isMadeHere(old, fresh) {
  if (old.localName === "parley-time") return true;
  return old.localName === "code" && old.childElementCount > 0 && old.textContent === fresh.textContent;
}

// What a script made of the text of an element, such as a set formula, names that text in `madeFrom`.
function isMadeFrom(old, fresh) {
  if (old.madeFrom === undefined) return false;
  if (old.madeFrom === fresh.textContent && old.className === fresh.className) return true;
  delete old.madeFrom;
  return false;
}

function patchAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !OF_THE_PAGE.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!OF_THE_PAGE.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
