// Deletions that can be taken back: what a page offers whose conversation was deleted, and many at once.

import { toast } from "parley/lib/announcements.js";
import { leaveFor } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";
import { post } from "parley/lib/post.js";

const CHANGE = "/sidebar/selected";
const KEY = "parley.deleted";

// Does `action` with many conversations and returns {ids, said}: those that changed. Throws Error with words.
export function changeMany(action, ids) {
  // The page may be on its way elsewhere before the answer comes: its own conversation is among the deleted.
  if (action === "delete" && ids.includes(page.conversation)) remember(ids);
  return post(CHANGE, { action, ids: ids.join(",") });
}

// The conversation of the page before this one is gone: says so, and offers to bring back all that went with it.
export function showWordsOnArrival() {
  const { toast: words } = page;
  if (!words) return;
  const { searchParams: query } = new URL(location.href);
  const deleted = query.get("deleted");
  history.replaceState(null, "", location.pathname);
  if (!words.undo) return toast(words.said);
  const ids = recall(deleted);
  const said = ids.length > 1 ? translate("many_deleted", { count: ids.length }) : words.said;
  toast(said, { action: { name: translate("undo"), run: () => restore(ids, deleted) } });
}

async function restore(ids, shown) {
  try {
    await changeMany("restore", ids);
    leaveFor(`/c/${shown}`);
  } catch ({ message }) {
    toast(message);
  }
}

function remember(ids) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(ids));
  } catch {
    // Without storage only the page's own conversation is offered.
  }
}

// Returns the ids of what was deleted together with `shown`.
function recall(shown) {
  try {
    const ids = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    sessionStorage.removeItem(KEY);
    return ids.includes(shown) ? ids : [shown];
  } catch {
    return [shown];
  }
}
