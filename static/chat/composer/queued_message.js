// A message that was written while an answer was still coming: it is sent when the answer is done.

import { keepFocus, messageField } from "parley/lib/focus.js";

// One line is shown, of which the end is cut off; laying out the whole of a long text takes time.
const SHOWN_CHARACTERS = 300;

export class QueuedMessage {
  #message = null;

  // Listeners: onedit(message) when the person takes it back into the field, onnow() when it shall not wait.
  constructor({ form, onedit, onnow }) {
    this.element = form.querySelector("[data-queued]");
    this.element.querySelector("[data-queued-now]").addEventListener("click", onnow);
    this.element.querySelector("[data-cancel-queued]").addEventListener("click", () => onedit(this.take()));
  }

  get waits() {
    return this.#message !== null;
  }

  // The text that a draft has to keep, so that a reload loses nothing.
  get text() {
    return this.#message?.text ?? "";
  }

  get attachments() {
    return this.#message?.attachments ?? [];
  }

  // `message`: {text, choice, attachments}. A second one is added to the first.
  put(message) {
    const text = [this.text, message.text].filter(Boolean).join("\n\n");
    this.#show({ ...message, text, attachments: [...this.attachments, ...message.attachments] });
  }

  // Returns the message, which waits no longer, or null.
  take() {
    const message = this.#message;
    this.#show(null);
    return message;
  }

  #show(message) {
    this.#message = message;
    keepFocus(() => (this.element.hidden = !message), messageField);
    this.element.querySelector("[data-text]").textContent = message?.text.slice(0, SHOWN_CHARACTERS) ?? "";
  }
}
