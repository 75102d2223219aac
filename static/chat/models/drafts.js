// What was written and not yet sent, per conversation.

export class Drafts {
  #prefix;

  constructor(storage, person) {
    this.storage = storage;
    this.#prefix = `parley.${person}.draft.`;
  }

  read(conversation) {
    try {
      return this.storage.getItem(this.#key(conversation)) ?? "";
    } catch {
      return "";
    }
  }

  write(conversation, text) {
    try {
      if (text.trim()) this.storage.setItem(this.#key(conversation), text);
      else this.storage.removeItem(this.#key(conversation));
    } catch {
      // Storage is full or forbidden; the text is still in its field.
    }
  }

  #key(conversation) {
    return this.#prefix + (conversation ?? "new");
  }
}
