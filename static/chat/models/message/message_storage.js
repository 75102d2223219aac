// Where a page keeps what is not sent yet: texts, files and waiting messages. Those of a temporary chat are kept for this
// tab alone, and forgotten by its next page that is not temporary. No DOM.

const UNSENT = /^parley\..+\.(draft|outbox)/;

export class MessageStorage {
  // `lasting`, `passing`: the browser's localStorage and sessionStorage. `temporary`: returns whether the chat is.
  constructor({ lasting, passing, temporary }) {
    Object.assign(this, { lasting, passing, temporary });
    if (!temporary()) this.#forget();
  }

  getItem(key) {
    return this.#chosen.getItem(key);
  }

  setItem(key, value) {
    this.#chosen.setItem(key, value);
  }

  removeItem(key) {
    this.#chosen.removeItem(key);
  }

  get #chosen() {
    return this.temporary() ? this.passing : this.lasting;
  }

  #forget() {
    try {
      const keys = Array.from({ length: this.passing.length }, (_none, index) => this.passing.key(index));
      for (const key of keys) if (UNSENT.test(key)) this.passing.removeItem(key);
    } catch {
      // Without storage there is nothing to forget.
    }
  }
}
