// The meaning of key presses. No DOM: events are only read.

// Returns whether a key press sends the message. Enter that ends a composition (Korean, Japanese, Chinese) does not;
// Safari reports that one as keyCode 229.
export function isSendKey(event) {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  return !event.isComposing && event.keyCode !== 229;
}

// Returns the name of a shortcut, or null. `typing`: the focus is in a field. `mac`: Cmd replaces Ctrl.
export function shortcutName(event, { typing = false, mac = false } = {}) {
  if (event.isComposing || event.keyCode === 229) return null;
  const command = mac ? event.metaKey : event.ctrlKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (command && event.shiftKey && (key === "o" || event.code === "KeyO")) return "new";
  if (command && !event.shiftKey && !event.altKey && (key === "k" || event.code === "KeyK")) return "search";
  if (key === "Escape") return event.shiftKey ? "compose" : "stop";
  if (typing || command || event.altKey) return null;
  if (key === "/") return "search";
  return key === "?" ? "help" : null;
}
