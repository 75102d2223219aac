// Messages that were sent and not yet acknowledged. They are kept in storage, so that neither a lost connection nor
// a closed tab loses one; the server recognises a repeated client_id. All tabs of a user share the storage: each
// entry names the page that sent it, and only that page repeats it while it is open.

const MAX_AGE_MS = 24 * 3600 * 1000;

export class Outbox {
  #key;
  #page;
  #locks;

  // `page`: this page's own id. `locks`: the browser's Web Locks, which exist on secure origins only.
  constructor(storage, userId, { page, now = Date.now, locks = globalThis.navigator?.locks } = {}) {
    this.storage = storage;
    this.#key = `parley.${userId}.outbox`;
    this.#page = page;
    this.#locks = locks;
    this.now = now;
    // The lock is held until this page is closed.
    this.#locks?.request(lockOf(page), () => new Promise(() => {}));
  }

  add(message) {
    this.#write([...this.#read(), { message, at: this.now(), page: this.#page }]);
  }

  remove(clientId) {
    this.#write(this.#read().filter((entry) => entry.message.client_id !== clientId));
  }

  // Calls `take` with each message of another page as soon as that page is closed. Without locks that moment is
  // unknown and the messages are taken at once: at worst two pages send a message, and the server accepts it once.
  takeOver(take) {
    for (const page of new Set(this.#read().map((entry) => entry.page))) {
      if (page === this.#page) continue;
      const claim = () => this.#claim(page).forEach(take);
      if (this.#locks) this.#locks.request(lockOf(page), claim);
      else claim();
    }
  }

  #claim(page) {
    const entries = this.#read();
    const left = entries.filter((entry) => entry.page === page);
    for (const entry of left) entry.page = this.#page;
    this.#write(entries);
    return left.map((entry) => entry.message);
  }

  #read() {
    try {
      const entries = JSON.parse(this.storage.getItem(this.#key) ?? "[]");
      return entries.filter((entry) => this.now() - entry.at < MAX_AGE_MS);
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

const lockOf = (page) => `parley.page.${page}`;
