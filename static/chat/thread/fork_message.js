// The fork below a message of the person: a copy of what stands above it, with the message in the field, to be sent as it
// is or changed. A copy that ended with a question would wait for an answer that nothing asks for.

import { toast } from "parley/lib/announcements.js";
import { leaveFor } from "parley/lib/navigation.js";
import { page } from "parley/lib/page.js";
import { post } from "parley/lib/post.js";
import { writtenMessage } from "parley/lib/written_message.js";
import { Drafts } from "parley/models/message/drafts.js";

const ARRIVAL = "#draft";

// `storage` lasts: the copy of a temporary chat is none. `field`: the message field.
export function startForks({ storage, field }) {
  const drafts = new Drafts(storage, page.person);
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-fork]");
    if (!button || button.disabled) return;
    button.disabled = true;
    await fork(button, drafts).catch((error) => toast(error.message));
    button.disabled = false;
  });
  if (location.hash === ARRIVAL) arrive(field);
}

async function fork(button, drafts) {
  const article = button.closest("[data-message]");
  const fields = { message: article.dataset.message, before: "1" };
  const { conversation, address } = await post(button.dataset.fork, fields);
  const { text, attachments } = writtenMessage(article);
  drafts.write(conversation, text);
  drafts.writeFiles(conversation, attachments);
  leaveFor(address + ARRIVAL);
}

function arrive(field) {
  history.replaceState(null, "", location.pathname);
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}
