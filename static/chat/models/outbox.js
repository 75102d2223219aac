// Messages that were sent and not yet acknowledged. Kept in storage, so that neither a lost connection nor a
// closed tab loses one; the server knows a repeated client_id.

const LONGEST_AGE = 24 * 3600 * 1000;

export class Outbox {
  #key;

  constructor(storage, person, { now = Date.now } = {}) {
    this.storage = storage;
    this.#key = `parley.${person}.outbox`;
    this.now = now;
  }

  add(message) {
    this.#write([...this.#read(), { message, at: this.now() }]);
  }

  // Returns the message that was waiting under this id, or null.
  remove(clientId) {
    const entries = this.#read();
    const found = entries.find((entry) => entry.message.client_id === clientId);
    if (found) this.#write(entries.filter((entry) => entry !== found));
    return found?.message ?? null;
  }

  waiting() {
    return this.#read().map((entry) => entry.message);
  }

  waitingIn(conversation) {
    return this.waiting().filter((message) => (message.conversation ?? null) === conversation);
  }

  #read() {
    try {
      const entries = JSON.parse(this.storage.getItem(this.#key) ?? "[]");
      return entries.filter((entry) => this.now() - entry.at < LONGEST_AGE);
    } catch {
      return [];
    }
  }

  #write(entries) {
    try {
      if (entries.length) this.storage.setItem(this.#key, JSON.stringify(entries));
      else this.storage.removeItem(this.#key);
    } catch {
      // Storage is full or forbidden: the message is still sent, only not kept.
    }
  }
}
