// Leaves the page for another one.

let leaving = false;

// Navigates once. Several events can report the same end (a deleted conversation, a closed socket), and a second
// navigation would abort the one that has begun.
export function leaveFor(address) {
  if (leaving) return;
  leaving = true;
  location.assign(address);
}

// The browser can restore this page from its back/forward cache.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) leaving = false;
});
