// Short messages to the user: a toast on the page, or text for screen readers only.

const TOAST_MS = 4000;

// Shows a text for a moment. Screen readers read it too.
export function toast(text) {
  const element = document.getElementById("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (element.hidden = true), TOAST_MS);
}

// Gives a text to screen readers; nothing is shown.
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
