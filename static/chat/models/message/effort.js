// Effort levels: what a person wishes, and what a model takes of it.

export const LEVELS = ["low", "medium", "high", "xhigh", "max"];

// Returns the wish, or the highest of `levels` below it, as the server does; "" is the assistant's own.
export function nearestEffort(wish, levels) {
  const most = LEVELS.indexOf(wish);
  return LEVELS.slice(0, most + 1).findLast((level) => levels.includes(level)) ?? "";
}
