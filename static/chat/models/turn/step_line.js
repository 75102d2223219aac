// The line of an answer's steps, its thoughts and tool calls, as chat/presentation/steps.py writes it.

const NAMED_STATUSES = ["waiting", "running", "failed", "denied", "expired", "stopped"];

// `steps`: [{type, name, status, open, seconds}]; a thought has no name. `words`: translate(key, values).
export function stepLine(steps, words) {
  const thoughts = steps.filter(({ type }) => type === "thinking");
  const statuses = new Map();
  for (const { name, status } of steps) {
    if (name) statuses.set(name, [...(statuses.get(name) ?? []), status]);
  }
  const tools = [...statuses].map(([name, found]) => toolPart(name, found, words));
  return [...(thoughts.length ? [thoughtPart(thoughts, words)] : []), ...tools].join(" · ");
}

function thoughtPart(thoughts, words) {
  const open = thoughts.find((thought) => thought.open);
  if (open) {
    const seconds = Math.floor(open.seconds ?? 0);
    return seconds ? words("thinking_for", { seconds }) : words("thinking");
  }
  if (thoughts.some(({ seconds }) => seconds === null)) return words("thought");
  const total = thoughts.reduce((sum, { seconds }) => sum + seconds, 0);
  return words("thought_for", { seconds: Math.max(1, roundHalfEven(total)) });
}

function toolPart(name, found, words) {
  const label = found.length > 1 ? `${name} ×${found.length}` : name;
  const status = NAMED_STATUSES.find((each) => found.includes(each));
  return status ? `${label}: ${words(`tool_${status}`)}` : label;
}

// Rounds as Python does, so that the line stays the same after a reload.
function roundHalfEven(number) {
  const down = Math.floor(number);
  const rest = number - down;
  if (rest !== 0.5) return Math.round(number);
  return down % 2 ? down + 1 : down;
}

// Returns the last line of a text that is not blank, for a preview of at most `length` characters.
export function newestLine(text, length = 160) {
  const end = text.trimEnd();
  const line = end.slice(Math.max(end.lastIndexOf("\n") + 1, end.length - length));
  return line.trim();
}
