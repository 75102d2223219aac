// The difference of two texts, line by line: Myers' algorithm ("An O(ND) Difference Algorithm", 1986).

// Texts that differ more are shown as one whole replaced by the other.
const MOST_CHANGES = 1500;

// Returns [{sign: " " | "-" | "+", text}, …].
export function lineDiff(before, after) {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1;
  let end = 0;
  const room = Math.min(old.length, fresh.length) - start;
  while (end < room && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;
  const middle = changes(old.slice(start, old.length - end), fresh.slice(start, fresh.length - end));
  return [...same(old.slice(0, start)), ...middle, ...same(end ? old.slice(-end) : [])];
}

const same = (lines) => lines.map((text) => ({ sign: " ", text }));
const removed = (lines) => lines.map((text) => ({ sign: "-", text }));
const added = (lines) => lines.map((text) => ({ sign: "+", text }));

function changes(old, fresh) {
  const trace = search(old, fresh);
  return trace ? walkBack(trace, old, fresh) : [...removed(old), ...added(fresh)];
}

// Returns the furthest places of each diagonal for each number of changes, or null for too many.
function search(old, fresh) {
  const [n, m] = [old.length, fresh.length];
  const furthest = new Map([[1, 0]]);
  const trace = [];
  for (let count = 0; count <= Math.min(n + m, MOST_CHANGES); count += 1) {
    trace.push(new Map(furthest));
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      let x = goesDown(furthest, diagonal, count)
        ? furthest.get(diagonal + 1)
        : furthest.get(diagonal - 1) + 1;
      while (x < n && x - diagonal < m && old[x] === fresh[x - diagonal]) x += 1;
      furthest.set(diagonal, x);
      if (x >= n && x - diagonal >= m) return trace;
    }
  }
  return null;
}

function goesDown(furthest, diagonal, count) {
  if (diagonal === -count) return true;
  return diagonal !== count && furthest.get(diagonal - 1) < furthest.get(diagonal + 1);
}

function walkBack(trace, old, fresh) {
  const found = [];
  let [x, y] = [old.length, fresh.length];
  for (let count = trace.length - 1; count >= 0; count -= 1) {
    const furthest = trace[count];
    const diagonal = x - y;
    const before = goesDown(furthest, diagonal, count) ? diagonal + 1 : diagonal - 1;
    const beforeX = furthest.get(before);
    const beforeY = beforeX - before;
    while (x > beforeX && y > beforeY) {
      found.push({ sign: " ", text: old[x - 1] });
      x -= 1;
      y -= 1;
    }
    if (count === 0) break;
    if (x === beforeX) found.push({ sign: "+", text: fresh[y - 1] });
    else found.push({ sign: "-", text: old[x - 1] });
    [x, y] = [beforeX, beforeY];
  }
  return found.reverse();
}

// Returns the lines with those that are far from a change left out: [{sign, text} | {left: how many}, …].
export function withContext(lines, context = 3) {
  const near = new Set();
  for (const [place, { sign }] of lines.entries()) {
    if (sign === " ") continue;
    for (let at = place - context; at <= place + context; at += 1) near.add(at);
  }
  const shown = [];
  for (const [place, line] of lines.entries()) {
    // One line takes no more room than the words that it is left out.
    const alone = (place === 0 || near.has(place - 1)) && (place === lines.length - 1 || near.has(place + 1));
    if (near.has(place) || alone) shown.push(line);
    else if (shown.at(-1)?.left) shown.at(-1).left += 1;
    else shown.push({ left: 1 });
  }
  return shown;
}
