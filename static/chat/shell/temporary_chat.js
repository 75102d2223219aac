// A temporary chat: switched on before the first message, and ended when the user leaves it.

import { announce } from "parley/lib/announcements.js";
import { focusIfLost, messageField } from "parley/lib/focus.js";
import { page, translate } from "parley/lib/page.js";
import { post } from "parley/lib/post.js";
import { showConversationTitle } from "parley/shell/dialogs.js";

export class TemporaryChat {
  #leaves = false;

  // `onswitch(change)`: called with a function that changes page.temporary, where drafts are kept meanwhile.
  constructor({ onswitch }) {
    this.onswitch = onswitch;
    this.toggleButton = document.getElementById("temporary-toggle");
    this.endButton = document.getElementById("end-temporary");
    this.note = document.getElementById("temporary-note");
    this.toggleButton.addEventListener("click", () => this.toggle());
    this.endButton.addEventListener("click", () => this.end());
    // A page that goes away may be loaded again: the server waits a minute for that.
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", ({ persisted }) => {
      if (!persisted) return;
      this.#leaves = false;
      this.stay();
    });
    document.addEventListener("submit", (event) => this.#beforeSignOut(event));
    this.#show();
  }

  // Whether there is a conversation that is temporary.
  get #isOpen() {
    return page.temporary && Boolean(page.conversation);
  }

  // Switches before the first message. Returns false if this page has a conversation already.
  toggle() {
    if (page.conversation) return false;
    this.onswitch(() => (page.temporary = !page.temporary));
    history.replaceState(null, "", page.temporary ? "/?temporary=1" : "/");
    this.#show();
    announce(page.temporary ? this.note.textContent.trim() : translate("temporary_off"));
    return true;
  }

  // The page's conversation has begun.
  begun() {
    this.#show();
    if (page.temporary) showConversationTitle(translate("command_temporary"));
    focusIfLost(messageField());
  }

  end() {
    htmx.ajax("POST", `/c/${page.conversation}/delete`, { swap: "none", source: document.body });
  }

  // Tells the server that the chat is still open here, although it was left elsewhere.
  stay() {
    if (this.#isOpen && !this.#leaves) post(`/c/${page.conversation}/stay`).catch(() => {});
  }

  // `keepalive`: the request outlives this page.
  #leave() {
    if (!this.#isOpen) return null;
    this.#leaves = true;
    return post(`/c/${page.conversation}/leave`, {}, { keepalive: true }).catch(() => {});
  }

  // With the session the right to end the chat goes.
  async #beforeSignOut(event) {
    const form = event.target;
    if (!this.#isOpen || !form.matches("[data-sign-out]") || "left" in form.dataset) return;
    event.preventDefault();
    form.dataset.left = "";
    await Promise.race([this.#leave(), new Promise((resolve) => setTimeout(resolve, 2000))]);
    form.requestSubmit();
  }

  #show() {
    document.body.toggleAttribute("data-temporary", page.temporary);
    this.toggleButton.ariaPressed = String(page.temporary);
    this.toggleButton.hidden = Boolean(page.conversation);
    this.endButton.hidden = !this.#isOpen;
    this.note.hidden = !page.temporary;
  }
}
