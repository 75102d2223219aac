// The message field with the model picker, Send and Stop.

import { AttachmentTray } from "parley/composer/attachment_tray.js";
import { translate } from "parley/lib/page.js";
import { isSendKey } from "parley/models/keyboard.js";

export class Composer {
  #busy = null;
  #sendWhenReady = false;

  // Listeners: onsend({text, choice, attachments}), onstop(turn), ondraft(text). `drafts` stores unsent text
  // and files.
  constructor({ onsend, onstop, ondraft, drafts, storage, conversation }) {
    Object.assign(this, { onsend, onstop, ondraft, drafts, storage, conversation });
    this.form = document.getElementById("composer");
    this.field = this.form.elements.text;
    this.picker = this.form.elements.choice;
    this.error = document.getElementById("composer-error");
    this.sendButton = this.form.querySelector(".composer__send");
    this.stopButton = this.form.querySelector("[data-stop]");
    this.tray = new AttachmentTray({
      form: this.form,
      field: this.field,
      onchange: () => this.#filesChanged(),
    });
    this.#listen();
    this.tray.restore(drafts.readFiles(conversation));
    this.field.value ||= drafts.read(conversation);
    if (!conversation) this.#restoreChoice();
    this.#changed();
  }

  get choice() {
    return this.picker.value;
  }

  // `turn`: the turn whose answer is being written, or null.
  set busy(turn) {
    const focused = this.stopButton === document.activeElement;
    this.#busy = turn;
    this.stopButton.hidden = !turn;
    this.stopButton.disabled = false;
    this.sendButton.hidden = Boolean(turn);
    if (focused && !turn) this.field.focus();
    this.#changed();
  }

  get busy() {
    return this.#busy;
  }

  moveTo(conversation) {
    this.drafts.write(this.conversation, "");
    this.drafts.writeFiles(this.conversation, []);
    this.conversation = conversation;
    this.#changed();
  }

  send(text = this.field.value, choice = this.choice) {
    const own = text === this.field.value;
    if (this.#busy || !(text.trim() || (own && this.#hasFiles))) return;
    if (own && this.tray.failed) {
      this.showError(translate("files_failed"));
      return;
    }
    // The message is sent when its files are uploaded.
    this.#sendWhenReady = own && this.tray.busy;
    if (this.#sendWhenReady) return;
    this.showError("");
    if (own) this.#clear();
    this.onsend({ text, choice, attachments: own ? this.tray.take() : [] });
  }

  stop() {
    if (!this.#busy || this.stopButton.disabled) return;
    this.stopButton.disabled = true;
    this.onstop(this.#busy);
  }

  // Puts a refused message back, unless the user has begun another one.
  restore(text, attachments = []) {
    if (this.field.value.trim() || this.#hasFiles) return;
    this.field.value = text;
    this.tray.restore(attachments);
    this.#changed();
  }

  get #hasFiles() {
    return this.tray.busy || this.tray.ids.length > 0;
  }

  #filesChanged() {
    if (this.tray.failed) this.#sendWhenReady = false;
    else if (this.#sendWhenReady && !this.tray.busy) this.send();
    this.#changed();
  }

  showError(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (!isSendKey(event)) return;
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("input", () => this.#changed());
    this.picker.addEventListener("change", () => this.#rememberChoice());
    this.stopButton.addEventListener("click", () => this.stop());
    document.addEventListener("click", (event) => this.#startFrom(event.target.closest?.("[data-starter]")));
  }

  #startFrom(button) {
    if (!button) return;
    if (button.dataset.choice) this.picker.value = button.dataset.choice;
    this.send(button.dataset.starter);
  }

  #clear() {
    this.field.value = "";
    this.#changed();
  }

  #changed() {
    this.drafts.write(this.conversation, this.field.value);
    if (!this.tray.busy) this.drafts.writeFiles(this.conversation, this.tray.ids);
    this.sendButton.disabled = !this.field.value.trim() && !this.#hasFiles;
    this.ondraft(this.field.value);
    if (CSS.supports("field-sizing", "content")) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #rememberChoice() {
    try {
      this.storage.setItem("parley.choice", this.choice);
    } catch {
      // Without storage the choice is not remembered.
    }
  }

  #restoreChoice() {
    try {
      const stored = this.storage.getItem("parley.choice");
      const option = [...this.picker.options].find(({ value, disabled }) => value === stored && !disabled);
      if (option) this.picker.value = stored;
    } catch {
      // Without storage the choice is not remembered.
    }
  }
}
