// The field where a message is written, its picker, Send and Stop.

import { sends } from "parley/models/keys.js";

export class Composer {
  #busy = null;

  // Listeners: onsend({text, choice}), onstop(), ondraft(text). `drafts` keeps what is unsent.
  constructor({ onsend, onstop, ondraft, drafts, storage, conversation }) {
    Object.assign(this, { onsend, onstop, ondraft, drafts, storage, conversation });
    this.form = document.getElementById("composer");
    this.field = this.form.elements.text;
    this.picker = this.form.elements.choice;
    this.error = document.getElementById("composer-error");
    this.sendButton = this.form.querySelector(".composer__send");
    this.stopButton = this.form.querySelector("[data-stop]");
    this.#listen();
    this.field.value ||= drafts.read(conversation);
    if (!conversation) this.#recallChoice();
    this.#changed();
  }

  get choice() {
    return this.picker.value;
  }

  // `turn`: the answer that is being written, or null.
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
    this.conversation = conversation;
    this.drafts.write(conversation, this.field.value);
  }

  send(text = this.field.value, choice = this.choice) {
    if (!text.trim() || this.#busy) return;
    this.showError("");
    if (text === this.field.value) this.#clear();
    this.onsend({ text, choice });
  }

  stop() {
    if (!this.#busy || this.stopButton.disabled) return;
    this.stopButton.disabled = true;
    this.onstop(this.#busy);
  }

  // Gives a refused text back, unless something new has been begun.
  giveBack(text) {
    if (this.field.value.trim()) return;
    this.field.value = text;
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
      if (!sends(event)) return;
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
    this.sendButton.disabled = !this.field.value.trim();
    this.ondraft(this.field.value);
    if (CSS.supports("field-sizing", "content")) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #rememberChoice() {
    try {
      this.storage.setItem("parley.choice", this.choice);
    } catch {
      // The choice is only a comfort.
    }
  }

  #recallChoice() {
    try {
      const kept = this.storage.getItem("parley.choice");
      const option = [...this.picker.options].find(({ value, disabled }) => value === kept && !disabled);
      if (option) this.picker.value = kept;
    } catch {
      // The choice is only a comfort.
    }
  }
}
