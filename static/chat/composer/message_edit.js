// Editing one of the user's messages: the composer takes its text and its files, and sends them as another version of it.

import { announce, toast } from "parley/lib/announcements.js";
import { translate } from "parley/lib/page.js";
import { writtenMessage } from "parley/lib/written_message.js";

export const ROOT = "root";

export class MessageEdit {
  #parent = null;

  // Listeners: onbegin({parent, text, attachments}), with the ids of the files, and onend() when the draft has to come back.
  constructor({ form, onbegin, onend }) {
    Object.assign(this, { form, onbegin, onend });
    this.bar = form.querySelector("[data-editing]");
    this.bar.querySelector("button").addEventListener("click", () => this.cancel());
    document.addEventListener("click", ({ target }) => {
      const button = target.closest?.("[data-edit]");
      if (button) this.#beginWith(button.closest("[data-message]"));
    });
  }

  // The parent of the edited message, "root" for a first one, or null while none is edited.
  get parent() {
    return this.#parent;
  }

  begin({ parent, text, attachments }) {
    this.#show(parent);
    this.onbegin({ parent, text, attachments: attachments ?? [] });
  }

  // Edits the last message of the user that is shown. Returns whether there is one.
  beginLast() {
    const last = [...document.querySelectorAll("#thread > .message--person[data-message]")].at(-1);
    return Boolean(last) && this.#beginWith(last);
  }

  // Returns whether a message was edited.
  cancel() {
    if (!this.#parent) return false;
    this.end();
    return true;
  }

  end() {
    this.#show(null);
    this.onend();
  }

  #beginWith(article) {
    if (this.form.querySelector("[data-status=sending]")) {
      toast(translate("files_sending"));
      return false;
    }
    this.begin({ parent: article.dataset.parent || ROOT, ...writtenMessage(article) });
    announce(translate("editing"));
    return true;
  }

  #show(parent) {
    this.#parent = parent;
    this.bar.hidden = !parent;
    for (const node of document.querySelectorAll("#thread > .message--person"))
      node.toggleAttribute("data-edited", (node.dataset.parent || ROOT) === parent);
  }
}
