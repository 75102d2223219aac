// Unsent texts and attachments, stored per user and conversation.

export class Drafts {
  #prefix;

  constructor(storage, userId) {
    this.storage = storage;
    this.#prefix = `parley.${userId}.draft.`;
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
      // Storage is full or forbidden; the text is still in the field.
    }
  }

  // Returns the ids of attachments that belong to no message yet.
  readFiles(conversation) {
    try {
      const kept = JSON.parse(this.storage.getItem(`${this.#key(conversation)}.files`) ?? "[]");
      return Array.isArray(kept) ? kept.map(String) : [];
    } catch {
      return [];
    }
  }

  writeFiles(conversation, ids) {
    try {
      const key = `${this.#key(conversation)}.files`;
      if (ids.length) this.storage.setItem(key, JSON.stringify(ids));
      else this.storage.removeItem(key);
    } catch {
      // Storage is full or forbidden; the files are still in the tray.
    }
  }

  // Returns the message that is being edited, {parent, text, attachments}, or null.
  readEdit(conversation) {
    try {
      const kept = JSON.parse(this.storage.getItem(`${this.#key(conversation)}.edit`));
      return typeof kept?.parent === "string" && typeof kept.text === "string" ? kept : null;
    } catch {
      return null;
    }
  }

  // Keeps the message that is being edited; without `attachments` those of before. `edit` is null when it ends.
  writeEdit(conversation, edit) {
    try {
      const key = `${this.#key(conversation)}.edit`;
      if (!edit) this.storage.removeItem(key);
      else {
        const attachments = edit.attachments ?? this.readEdit(conversation)?.attachments ?? [];
        this.storage.setItem(key, JSON.stringify({ ...edit, attachments }));
      }
    } catch {
      // Storage is full or forbidden; the text is still in the field.
    }
  }

  #key(conversation) {
    return this.#prefix + (conversation ?? "new");
  }
}
