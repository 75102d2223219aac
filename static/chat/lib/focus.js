// Where the focus goes when what had it is gone. It is never taken from a reader who has moved on.

import { isTouchOnly } from "parley/lib/touch.js";

// Returns whether the user is in no control, or in the message field with nothing written there.
export function isFree() {
  const active = document.activeElement;
  return isLost() || (active.id === "message" && !active.value);
}

export function isLost() {
  const active = document.activeElement;
  return !active || active === document.body || !active.checkVisibility() || active.disabled;
}

// Gives the focus to an element if what had it is gone or can't be used any more.
export function focusIfLost(element) {
  if (element && isLost()) element.focus({ preventScroll: true });
}

// Returns the message field, the next place for a user whose button is gone, or null on a phone: the focus would open
// the keyboard over the page.
export function messageField() {
  return isTouchOnly() ? null : document.getElementById("message");
}

// Runs `change` and gives the focus to the element that `next` returns, if the change took it away.
export function keepFocus(change, next) {
  const hadFocus = !isLost();
  change();
  if (hadFocus) focusIfLost(next());
}
