// Short messages to the user: a toast on the page, or text for screen readers only.

import { keepFocus, messageField } from "parley/lib/focus.js";

const TOAST_MS = 4000;
const ACTION_MS = 10_000;

// Shows a text for a moment, with a button for `action`, {name, run}, if that is given. Screen readers read it too.
// It stays while the pointer is on it or the focus is in it.
export function toast(text, { action = null } = {}) {
  const element = document.getElementById("toast");
  const button = element.querySelector("button");
  const hide = () => keepFocus(() => (element.hidden = true), messageField);
  const wait = () => {
    clearTimeout(toast.timer);
    toast.timer = setTimeout(hide, action ? ACTION_MS : TOAST_MS);
  };
  bringForward(element);
  element.hidden = false;
  button.hidden = !action;
  button.textContent = action?.name ?? "";
  button.onclick = () => {
    hide();
    action.run();
  };
  element.onpointerenter = () => clearTimeout(toast.timer);
  element.onpointerleave = () => element.contains(document.activeElement) || wait();
  button.onfocus = () => clearTimeout(toast.timer);
  button.onblur = () => element.hidden || wait();
  speak(element.querySelector("[data-text]"), text);
  wait();
}

// Does what the toast offers; returns false if there is no toast with a button.
export function runToastAction() {
  const button = document.querySelector("#toast:not([hidden]) > button:not([hidden])");
  button?.click();
  return Boolean(button);
}

// Outside a modal dialog nothing can be pressed or read, so the element stays in the open dialog until that closes.
function bringForward(element) {
  const dialog = document.querySelector("dialog:modal");
  (dialog ?? document.body).append(element);
  dialog?.addEventListener("close", () => document.body.append(element), { once: true });
}

// Gives a text to screen readers; nothing is shown.
export function announce(text) {
  speak(document.getElementById("announcer"), text);
}

// A live region is read when it changes. The same text again is no change, unless there was none in between.
function speak(region, text) {
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}
