// What leaves this page: every request for a turn has an id of its own and waits here for its answer, whatever
// other tabs do with the outbox that all of them share.

import { fromTemplate, newId } from "parley/lib/browser.js";
import { words } from "parley/lib/page.js";

const PATIENCE = 1500;

export class Outgoing {
  #waiting = new Map();

  constructor({ outbox, send }) {
    Object.assign(this, { outbox, send });
    this.place = document.getElementById("pending");
  }

  // `message`: a turn.start, turn.retry or turn.continue without its client_id.
  post(message) {
    const complete = { ...message, client_id: newId() };
    this.outbox.add(complete);
    this.#take(complete, true);
  }

  // Sends what pages that are gone have left. A message that `adopts` says yes to is this page's own from then on.
  inherit(adopts) {
    this.outbox.inherit((message) => this.#take(message, adopts(message)));
  }

  // The same ids again: the server knows those that it has.
  repeat() {
    for (const { message } of this.#waiting.values()) this.send(message);
  }

  // Returns the message if this page was waiting for it, else null.
  settle(clientId) {
    const { message, here } = this.#waiting.get(clientId) ?? {};
    this.#waiting.delete(clientId);
    this.outbox.remove(clientId);
    this.#element(clientId)?.remove();
    return here ? message : null;
  }

  #take(message, here) {
    this.#waiting.set(message.client_id, { message, here });
    if (here) this.#show(message);
    this.send(message);
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
