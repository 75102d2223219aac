// Messages that were sent and not yet acknowledged. Kept in storage, so that neither a lost connection nor a
// closed tab loses one; the server knows a repeated client_id. All tabs of a person share the storage: each entry
// names the page that posted it, and that page alone repeats it while it lives.

const LONGEST_AGE = 24 * 3600 * 1000;

export class Outbox {
  #key;
  #page;
  #locks;

  // `page`: an id of this page's own. `locks`: the browser's Web Locks; a Parley on the local network may have none.
  constructor(storage, person, { page, now = Date.now, locks = globalThis.navigator?.locks } = {}) {
    this.storage = storage;
    this.#key = `parley.${person}.outbox`;
    this.#page = page;
    this.#locks = locks;
    this.now = now;
    // Held until this page is gone, however it goes.
    this.#locks?.request(lockOf(page), () => new Promise(() => {}));
  }

  add(message) {
    this.#write([...this.#read(), { message, at: this.now(), page: this.#page }]);
  }

  remove(clientId) {
    this.#write(this.#read().filter((entry) => entry.message.client_id !== clientId));
  }

  // Calls `take` with each message that another page has left, as soon as that page is gone. Without locks nobody
  // knows, so that they are taken at once: the worst is a message that two pages send, and the server takes once.
  inherit(take) {
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

const lockOf = (page) => `parley.page.${page}`;
