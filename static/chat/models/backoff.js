// How long to wait before the next attempt to connect, in milliseconds.

const FIRST = 500;
const LONGEST = 30_000;
const CROWDED = 15_000;

// `attempt` counts from 0. A planned close (restart, slow reader) comes back at once, a refused crowd later.
export function delayBefore(attempt, { code = 1006, random = Math.random } = {}) {
  if (attempt === 0 && (code === 1012 || code === 4408)) return Math.round(random() * 300);
  const ceiling = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10));
  const spread = ceiling / 2 + (random() * ceiling) / 2;
  return Math.round(code === 4429 ? Math.max(CROWDED, spread) : spread);
}
