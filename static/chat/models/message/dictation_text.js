// The text of a dictation from the results of the browser's speech recognition. No DOM.

// Returns the whole text of a session. Results that are not final yet are part of it.
// `cumulative`: Chrome on Android repeats what was said before in each new result, marks all of them as final, and
// begins to count anew; then a result that begins with the one before takes its place.
export function dictatedText(results, { cumulative = false } = {}) {
  const said = [];
  for (const result of results) {
    const text = result[0].transcript.replace(/\s+/g, " ").trim();
    if (!text) continue;
    const before = said.at(-1);
    if (cumulative && before !== undefined && isLonger(text, before)) said[said.length - 1] = text;
    else if (!(cumulative && before !== undefined && isLonger(before, text))) said.push(text);
  }
  return said.join(" ");
}

function isLonger(longer, shorter) {
  return longer.toLowerCase().startsWith(shorter.toLowerCase());
}

// Returns a field's text with a dictation between what stands before and behind the cursor, and the cursor's new place.
export function insertedAt(before, text, behind) {
  const gap = before && !/\s$/.test(before) && text ? " " : "";
  const gapBehind = behind && !/^[\s.,!?;:]/.test(behind) && text ? " " : "";
  const head = before + gap + text;
  return { value: head + gapBehind + behind, cursor: head.length };
}
