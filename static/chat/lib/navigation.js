// Leaves the page for another one.

import { page } from "parley/lib/page.js";

let leaving = false;

// Navigates once. Several events can report the same end (a deleted conversation, a closed socket), and a second
// navigation would abort the one that has begun.
export function leaveFor(address) {
  if (leaving) return;
  leaving = true;
  location.assign(address);
}

// Returns the sign-in page's address, which leads back here; `ended` has it say that the session has ended.
export function signInAddress({ ended = false } = {}) {
  return `${page.login}?${new URLSearchParams({ next: location.pathname, ...(ended && { ended: "1" }) })}`;
}

// Returns where a page goes whose conversation is gone: to a new one, which says so and offers to restore it.
export function goneAddress() {
  return page.temporary ? "/?ended=1" : `/?deleted=${page.conversation}`;
}

// The browser can restore this page from its back/forward cache.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) leaving = false;
});
