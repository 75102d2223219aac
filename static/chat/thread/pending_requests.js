// Requests for turns that the server has not accepted yet. Each has an id of its own, and stays here until its answer
// arrives, whatever other tabs do with the outbox that they share.

import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { newId } from "parley/lib/uuid.js";

const NOTE_AFTER_MS = 1500;

export class PendingRequests {
  #requests = new Map();

  constructor({ outbox, send }) {
    Object.assign(this, { outbox, send });
    this.container = document.getElementById("pending");
  }

  // Sends a turn.start, turn.retry or turn.continue, to which it adds a client_id.
  post(message) {
    const complete = { ...message, client_id: newId() };
    this.outbox.add(complete);
    this.#add(complete, true);
  }

  // Sends the messages of pages that are closed. Those for which `isOwn` returns true count as this page's own.
  takeOver(isOwn) {
    this.outbox.takeOver((message) => this.#add(message, isOwn(message)));
  }

  // Sends all messages again with the same ids: the server recognises those that it has.
  resend() {
    for (const { message } of this.#requests.values()) this.send(message);
  }

  // Removes a request that was answered. Returns its message if it is this page's own, else null.
  settle(clientId) {
    const { message, own } = this.#requests.get(clientId) ?? {};
    this.#requests.delete(clientId);
    this.outbox.remove(clientId);
    this.#element(clientId)?.remove();
    return own ? message : null;
  }

  #add(message, own) {
    this.#requests.set(message.client_id, { message, own });
    if (own) this.#show(message);
    this.send(message);
  }

  #show(message) {
    if (message.type !== "turn.start" || this.#element(message.client_id)) return;
    const element = fromTemplate("pending-message");
    element.dataset.client = message.client_id;
    const files = translate("files_pending", { count: message.attachments?.length ?? 0 });
    element.querySelector(".message__text").textContent = message.text.trim() ? message.text : files;
    this.container.append(element);
    setTimeout(() => {
      const note = element.querySelector("[data-text]");
      note.textContent = translate("pending");
      note.hidden = false;
    }, NOTE_AFTER_MS);
  }

  #element(clientId) {
    return this.container.querySelector(`[data-client="${clientId}"]`);
  }
}
