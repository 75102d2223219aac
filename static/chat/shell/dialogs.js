// The dialogs that htmx fills, the help, and the effects of renaming and deleting a conversation.

import { toast } from "parley/lib/announcements.js";
import { goneAddress, leaveFor, signInAddress } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";

export function startDialogs() {
  const dialog = document.getElementById("dialog");
  const help = document.getElementById("help");

  // After settling, not after swapping: before that, htmx doesn't handle the form and Enter would submit it as a GET.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "dialog-content") return;
    // What a form in the dialog gets back does not open it again: the user has closed it meanwhile.
    if (!dialog.open && event.detail.requestConfig.verb !== "get") return;
    if (!dialog.open) dialog.showModal();
    // Not the attribute autofocus: on a page where something has the focus, browsers refuse that with a message.
    const first = dialog.querySelector("[data-first-focus]");
    first?.focus();
    if (first?.matches("input")) first.select();
  });
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest?.("[data-close-dialog]") || target === dialog || target === help) {
      target.closest("dialog").close();
    } else if (target.closest?.("[data-open-help]")) help.showModal();
  });
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = page.csrf;
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status !== 401) return;
    event.preventDefault();
    leaveFor(signInAddress({ ended: true }));
  });
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, (event) => {
      const { xhr, requestConfig } = event.detail;
      // What the page asks for by itself is asked for again; no person waits for it.
      if (requestConfig.triggeringEvent?.type.endsWith("-stale")) return;
      const readable = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.status < 500;
      toast(readable ? xhr.responseText : translate("request_failed"));
    });
  }
  document.addEventListener("conversation-changed", ({ detail }) => {
    dialog.close();
    if (detail.said)
      toast(detail.said, { action: { name: translate("undo"), run: () => takeBack(detail.undo) } });
    if (detail.id !== page.conversation) return;
    Object.assign(page, { archived: detail.archived, pinned: detail.pinned });
    showConversationTitle(detail.title);
  });
  document.addEventListener("conversation-moved", ({ detail }) => {
    dialog.close();
    if (detail.id === page.conversation) location.reload();
    else toast(detail.said);
  });
  document.addEventListener("conversation-deleted", ({ detail }) => {
    dialog.close();
    if (detail.id === page.conversation) leaveFor(goneAddress());
    else toast(detail.said, { action: { name: translate("undo"), run: () => takeBack(detail.undo) } });
  });
}

function takeBack(address) {
  htmx.ajax("POST", address, { values: { on: "0" }, swap: "none", source: document.body });
}

export function showConversationTitle(title) {
  document.getElementById("title").textContent = title;
  document.title = `${title} · Parley`;
}
