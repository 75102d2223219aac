// The meaning of key presses. No DOM: events are only read.

// Returns whether a key press sends the message. Enter that ends a composition (Korean, Japanese, Chinese) does not;
// Safari reports that one as keyCode 229. With `touch`, Enter breaks the line: keyboards on a screen have no Shift+Enter.
// Ctrl+Enter and Cmd+Enter send there too, for tablets with a keyboard, and so they do for people who chose that Enter
// breaks the line (`plainBreaks`).
export function isSendKey(event, { touch = false, plainBreaks = false } = {}) {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  if ((touch || plainBreaks) && !event.ctrlKey && !event.metaKey) return false;
  return !event.isComposing && event.keyCode !== 229;
}

// Returns the name of a shortcut, or null. `typing`: the focus is in a field; `empty`: nothing is written there. `mac`: Cmd
// replaces Ctrl.
export function shortcutName(event, { typing = false, empty = false, mac = false } = {}) {
  if (event.isComposing || event.keyCode === 229) return null;
  const command = mac ? event.metaKey : event.ctrlKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (command && event.shiftKey && (key === "o" || event.code === "KeyO")) return "new";
  if (command && event.shiftKey && (key === "c" || event.code === "KeyC")) return "copy";
  if (command && event.shiftKey && key === "Backspace") return "delete";
  if (command && !event.shiftKey && !event.altKey && (key === "k" || event.code === "KeyK")) return "palette";
  if (command && event.shiftKey && !event.altKey && (key === ">" || event.code === "Period")) return "quote";
  if (key === "Escape") return event.shiftKey ? "compose" : "stop";
  if (command && !event.shiftKey && !event.altKey && (key === "." || event.code === "Period"))
    return "sidebar";
  if (command && !event.shiftKey && (empty || !typing) && (key === "z" || event.code === "KeyZ"))
    return "undo";
  if (typing || command || event.altKey) return null;
  if (key === "/") return "search";
  return key === "?" ? "help" : null;
}
