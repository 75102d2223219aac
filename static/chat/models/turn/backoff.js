// The delay before the next attempt to connect, in milliseconds.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const TOO_MANY_MS = 15_000;

// Returns the delay with jitter. `attempt` counts from 0. After a planned close (1012 restart, 4408 too slow) the
// first attempt follows at once; after 4429 (too many connections) each one waits longer.
export function delayBefore(attempt, { code = 1006, random = Math.random } = {}) {
  if (attempt === 0 && (code === 1012 || code === 4408)) return Math.round(random() * 300);
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  const spread = ceiling / 2 + (random() * ceiling) / 2;
  return Math.round(code === 4429 ? Math.max(TOO_MANY_MS, spread) : spread);
}
