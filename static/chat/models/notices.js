// The text that is shown in an answer's place until its first block arrives. Times are in milliseconds.

const SHOW_AFTER_MS = 2000;
const KEY_BY_CODE = {
  retrying: "notice_retrying",
  summarising: "notice_summarising",
  budget_soft: "notice_budget_soft",
  decision: "turn_waiting",
};

// `since`: when this notice, or the wait for the first block, began. Returns {key, seconds} of a text, or null.
export function noticeText({ notice, hasBlocks, since, now }) {
  const passed = Math.max(0, now - since);
  if (notice) return countdown(notice, passed);
  if (hasBlocks || passed < SHOW_AFTER_MS) return null;
  return { key: "notice_first", seconds: Math.floor(passed / 1000) };
}

function countdown(notice, passed) {
  const key = KEY_BY_CODE[notice.code] ?? "notice_waiting";
  if (notice.seconds === undefined || notice.seconds === null) return { key, seconds: null };
  const left = Math.ceil(notice.seconds - passed / 1000);
  return left > 0 ? { key, seconds: left } : { key: "notice_retrying_now", seconds: null };
}
