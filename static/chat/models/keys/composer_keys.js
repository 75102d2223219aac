// The meaning of key presses in the message field, beside Enter (see keyboard.js). No DOM: events are only read.

const composes = (event) => event.isComposing || event.keyCode === 229;

// Returns whether a key press stops the answer that is being written and sends the message after what there is of it.
export function isSteerKey(event) {
  const command = event.ctrlKey || event.metaKey;
  return event.key === "Enter" && command && event.shiftKey && !event.altKey && !composes(event);
}

// Returns whether a key press in an empty field edits the last message.
export function isEditLastKey(event) {
  const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
  return event.key === "ArrowUp" && plain && !composes(event);
}
