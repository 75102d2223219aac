// Which words stand in an answer's place until its text comes. Times are in milliseconds.

const PATIENCE = 2000;
const SHOWN_BY_CODE = {
  retrying: "notice_retrying",
  summarising: "notice_summarising",
  budget_soft: "notice_budget_soft",
  decision: "turn_waiting",
};

// `since`: when this notice, or the wait for the first words, began. Returns {key, seconds} of a string, or null.
export function noticeWords({ notice, hasBlocks, since, now }) {
  const passed = Math.max(0, now - since);
  if (notice) return countdown(notice, passed);
  if (hasBlocks || passed < PATIENCE) return null;
  return { key: "notice_first", seconds: Math.floor(passed / 1000) };
}

function countdown(notice, passed) {
  const key = SHOWN_BY_CODE[notice.code] ?? "notice_waiting";
  if (notice.seconds === undefined || notice.seconds === null) return { key, seconds: null };
  const left = Math.ceil(notice.seconds - passed / 1000);
  return left > 0 ? { key, seconds: left } : { key: "notice_retrying_now", seconds: null };
}
