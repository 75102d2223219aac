// What can be quoted: the texts of messages.

const TEXTS = "parley-markdown, .message__text";

// Returns the elements of messages of which the range holds a part, in their order.
export function quotableParts(range) {
  const thread = document.getElementById("thread");
  if (!thread?.contains(range.commonAncestorContainer) && !range.commonAncestorContainer.contains(thread))
    return [];
  const parts = [...(thread?.querySelectorAll(TEXTS) ?? [])];
  return parts.filter((part) => range.intersectsNode(part) && holdsText(part, range));
}

// A range that ends where an element begins holds nothing of it.
function holdsText(part, range) {
  const inner = range.cloneRange();
  if (!part.contains(range.startContainer)) inner.setStart(part, 0);
  if (!part.contains(range.endContainer)) inner.setEnd(part, part.childNodes.length);
  return inner.toString().trim() !== "";
}
