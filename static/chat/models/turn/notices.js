// The text that says why an answer does not go on: until its first block arrives, and when nothing comes for some
// seconds after that. Times are in milliseconds.

const SHOW_AFTER_MS = 2000;
const STALLED_AFTER_MS = 6000;
const KEY_BY_CODE = {
  retrying: "notice_retrying",
  summarising: "notice_summarising",
  decision: "turn_waiting",
};

// `since`: when this notice, or the wait for the first block, began; `lastEventAt`: when the last event arrived.
// `counts`: a thought or a tool is under way and shows its own time. Returns {key, seconds} of a text, or null.
export function noticeText({ notice, hasBlocks, counts = false, since, lastEventAt = since, now }) {
  const passed = Math.max(0, now - since);
  if (notice) return countdown(notice, passed);
  if (hasBlocks) return counts ? null : waiting("notice_stalled", now - lastEventAt, STALLED_AFTER_MS);
  return waiting("notice_first", passed, SHOW_AFTER_MS);
}

function waiting(key, passed, after) {
  return passed < after ? null : { key, seconds: Math.floor(passed / 1000) };
}

function countdown(notice, passed) {
  const key = KEY_BY_CODE[notice.code] ?? "notice_waiting";
  if (notice.seconds === undefined || notice.seconds === null) return { key, seconds: null };
  const left = Math.ceil(notice.seconds - passed / 1000);
  return left > 0 ? { key, seconds: left } : { key: "notice_retrying_now", seconds: null };
}
