// The files of a message that is being written, and the status of each. No DOM, no network.

import { fileTokens } from "parley/models/message/file_tokens.js";

export const SENDING = "sending";
export const READY = "ready";
export const FAILED = "failed";

export class Uploads {
  #items = [];
  #next = 1;

  // Listener: onchange() after every change.
  constructor({ onchange = () => {} } = {}) {
    this.onchange = onchange;
  }

  get items() {
    return [...this.#items];
  }

  get busy() {
    return this.#items.some((item) => item.status === SENDING);
  }

  get failed() {
    return this.#items.some((item) => item.status === FAILED);
  }

  // The tokens that the files add to a prompt, roughly.
  get tokens() {
    return this.#items.reduce((sum, item) => sum + item.tokens, 0);
  }

  get ids() {
    return this.#items.filter((item) => item.status === READY).map((item) => item.id);
  }

  // Returns the new item: {key, name, size, status, progress (0 to 1), id, kind, tokens, error, again}. `again`: the same
  // file may be sent once more.
  add({ name, size = 0 }) {
    const key = this.#next++;
    this.#items.push({
      key,
      name,
      size,
      status: SENDING,
      progress: 0,
      id: null,
      kind: "",
      tokens: 0,
      error: "",
      again: false,
    });
    this.onchange();
    return this.#find(key);
  }

  // `share`: from 0 to 1.
  progress(key, share) {
    this.#change(key, { progress: Math.min(1, Math.max(0, share)) });
  }

  // Completes an upload. An attachment that is in the list already is not shown twice.
  done(key, { id, name, kind, ...about }) {
    const duplicate = this.#items.some((item) => item.id === id);
    if (duplicate) this.remove(key);
    else
      this.#change(key, {
        status: READY,
        progress: 1,
        id,
        name,
        kind,
        tokens: fileTokens({ kind, ...about }),
      });
  }

  fail(key, error, { again = false } = {}) {
    this.#change(key, { status: FAILED, error, again });
  }

  again(key) {
    this.#change(key, { status: SENDING, progress: 0, error: "", again: false });
  }

  remove(key) {
    this.#items = this.#items.filter((item) => item.key !== key);
    this.onchange();
  }

  // Empties the list and returns the ids of the files that were ready.
  take() {
    const ids = this.ids;
    this.#items = [];
    this.onchange();
    return ids;
  }

  #find(key) {
    return this.#items.find((item) => item.key === key);
  }

  // A file that was removed meanwhile stays removed.
  #change(key, changes) {
    if (!this.#find(key)) return;
    this.#items = this.#items.map((item) => (item.key === key ? { ...item, ...changes } : item));
    this.onchange();
  }
}
