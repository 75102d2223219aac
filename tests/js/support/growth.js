// How the time of a function grows with the length of its input.

import assert from "node:assert/strict";

const ROUNDS = 10;
// The longer input is eight times as long. Its time is some 8 times that of the short one when it grows with the length
// (up to 18 where the collector of garbage has to move much), and 64 times when it grows with the square.
const TIMES_AS_LONG = 8;
const MOST_TIMES_THE_TIME = 32;

// Milliseconds that this process computed; other processes of the machine don't count.
function time(read) {
  const before = process.cpuUsage();
  read();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

// Asserts that the time of `read(input)` grows with the length of `make(length)`, not with its square. The machine and
// the engine's compiler disturb single rounds, so the best of each length are compared until they fit.
export function assertLinear(make, read, { length = 2000 } = {}) {
  const inputs = [make(length), make(length * TIMES_AS_LONG)];
  const best = [Infinity, Infinity];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [which, input] of inputs.entries())
      best[which] = Math.min(
        best[which],
        time(() => read(input)),
      );
    if (best[1] < MOST_TIMES_THE_TIME * best[0]) return;
  }
  assert.fail(`${best.map((took) => took.toFixed(1)).join(" → ")} ms`);
}
