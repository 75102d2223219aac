// Dialogs that htmx fills, the help, and what follows when a conversation was renamed or deleted.

import { toast } from "parley/lib/browser.js";
import { page, words } from "parley/lib/page.js";

export function startDialogs() {
  const dialog = document.getElementById("dialog");
  const help = document.getElementById("help");

  // Settled, not only swapped: until then a form is not htmx's yet, and Enter would send it as a plain GET.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "dialog-content") return;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
    dialog.querySelector("input[autofocus]")?.select();
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
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, (event) => {
      const { xhr } = event.detail;
      const said = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.status < 500;
      toast(said ? xhr.responseText : words("request_failed"));
    });
  }
  document.addEventListener("conversation-changed", ({ detail }) => {
    dialog.close();
    if (detail.id === page.conversation) showTitle(detail.title);
  });
  document.addEventListener("conversation-deleted", ({ detail }) => {
    dialog.close();
    if (detail.id === page.conversation) location.assign("/");
  });
}

export function showTitle(title) {
  document.getElementById("title").textContent = title;
  document.title = `${title} · Parley`;
}
