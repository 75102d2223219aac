// What leaves this page: every request for a turn has an id of its own and waits in the outbox for its answer.

import { fromTemplate, newId } from "parley/lib/browser.js";
import { words } from "parley/lib/page.js";

const PATIENCE = 1500;

export class Outgoing {
  #mine = new Set();

  constructor({ outbox, send }) {
    Object.assign(this, { outbox, send });
    this.place = document.getElementById("pending");
  }

  // `message`: a turn.start, turn.retry or turn.continue without its client_id.
  post(message) {
    const complete = { ...message, client_id: newId() };
    this.#mine.add(complete.client_id);
    this.outbox.add(complete);
    this.#show(complete);
    this.send(complete);
  }

  // Shows what an earlier visit left unsent in this conversation; returns how many messages that is.
  showWaiting(conversation) {
    const waiting = this.outbox.waitingIn(conversation).filter((message) => message.type === "turn.start");
    for (const message of waiting) {
      this.#mine.add(message.client_id);
      this.#show(message);
    }
    return waiting.length;
  }

  // The same ids again: the server knows those that it has.
  repeat() {
    for (const message of this.outbox.waiting()) this.send(message);
  }

  // Returns the message if this page was waiting for it, else null.
  settle(clientId) {
    const message = this.outbox.remove(clientId);
    this.#element(clientId)?.remove();
    return this.#mine.delete(clientId) ? message : null;
  }

  #show(message) {
    if (message.type !== "turn.start" || this.#element(message.client_id)) return;
    const element = fromTemplate("pending-message");
    element.dataset.client = message.client_id;
    const files = words("files_pending", { count: message.attachments?.length ?? 0 });
    element.querySelector(".message__text").textContent = message.text.trim() ? message.text : files;
    this.place.append(element);
    setTimeout(() => {
      const note = element.querySelector("[data-text]");
      note.textContent = words("pending");
      note.hidden = false;
    }, PATIENCE);
  }

  #element(clientId) {
    return this.place.querySelector(`[data-client="${clientId}"]`);
  }
}
