// Requests for turns that the server has not accepted yet. Each has an id of its own, and stays here until its answer
// arrives, whatever other tabs do with the outbox that they share.

import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { newId } from "parley/lib/uuid.js";
import { foldLongMessages } from "parley/thread/long_message.js";

const NOTE_AFTER_MS = 1500;
// A server or a proxy that does not take a large message may break the connection without saying why.
const LARGE_CHARACTERS = 65_536;
const MOST_TRIES = 3;

export class PendingRequests {
  #requests = new Map();

  // `send` returns whether a message was sent; `ontoolarge` gets one that breaks each connection.
  constructor({ outbox, send, ontoolarge }) {
    Object.assign(this, { outbox, send, ontoolarge });
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

  // Sends all messages again with the same ids: the server recognises those that it has. Large ones come last, so that
  // they hold up no other.
  resend() {
    const requests = [...this.#requests.values()];
    for (const request of requests.filter((each) => !isLarge(each))) this.#send(request);
    for (const request of requests.filter(isLarge)) this.#send(request);
  }

  // Removes a request that was answered. Returns {message, own}, `own` if it is this page's, or null if it is unknown.
  settle(clientId) {
    const request = this.#requests.get(clientId) ?? null;
    this.#requests.delete(clientId);
    this.outbox.remove(clientId);
    this.#element(clientId)?.remove();
    return request;
  }

  #add(message, own) {
    const request = { message, own, tries: 0 };
    this.#requests.set(message.client_id, request);
    if (own) this.#show(message);
    this.#send(request);
  }

  #send(request) {
    if (isLarge(request) && request.tries >= MOST_TRIES) this.ontoolarge(request.message);
    else if (this.send(request.message)) request.tries += 1;
  }

  #show(message) {
    if (message.type !== "turn.start" || this.#element(message.client_id)) return;
    const element = fromTemplate("pending-message");
    element.dataset.client = message.client_id;
    const files = translate("files_pending", { count: message.attachments?.length ?? 0 });
    element.querySelector(".message__text").textContent = message.text.trim() ? message.text : files;
    this.container.append(element);
    foldLongMessages(this.container);
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

const isLarge = ({ message }) => (message.text?.length ?? 0) > LARGE_CHARACTERS;
