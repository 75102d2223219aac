// The message field with the model picker, Send and Stop.

import { AttachmentTray } from "parley/composer/attachment_tray.js";
import { whenComposed } from "parley/composer/composition.js";
import { fitField } from "parley/composer/field_fit.js";
import { rememberChoice, restoreChoice } from "parley/composer/model_choice.js";
import { Problem } from "parley/composer/problem.js";
import { QueuedMessage } from "parley/composer/queued_message.js";
import { startStarters } from "parley/composer/starters.js";
import { keepFocus, messageField } from "parley/lib/focus.js";
import { page, translate } from "parley/lib/page.js";
import { isTouchOnly } from "parley/lib/touch.js";
import { isSendKey } from "parley/models/keyboard.js";
import { isLonger } from "parley/models/text_length.js";

export class Composer {
  #busy = null;
  #sendWhenReady = false;
  #blocked = "";

  // Listeners: onsend({text, choice, attachments}), onstop(turn), ondraft(text, tokens of its files). `drafts` stores
  // unsent text and files.
  constructor({ onsend, onstop, ondraft, drafts, storage, conversation }) {
    Object.assign(this, { onsend, onstop, ondraft, drafts, storage, conversation });
    this.form = document.getElementById("composer");
    this.field = this.form.elements.text;
    this.picker = this.form.elements.choice;
    this.problem = new Problem(this.form);
    this.sendButton = this.form.querySelector(".composer__send");
    this.stopButton = this.form.querySelector("[data-stop]");
    this.tray = new AttachmentTray({
      form: this.form,
      field: this.field,
      onchange: () => this.#filesChanged(),
    });
    this.queued = new QueuedMessage({
      form: this.form,
      onedit: (message) => this.#put(message),
    });
    this.#listen();
    // The text first: each change of the files writes the draft.
    this.field.value ||= drafts.read(conversation);
    this.tray.restore(drafts.readFiles(conversation));
    if (!conversation) restoreChoice(storage, this.picker);
    this.#changed();
  }

  get choice() {
    return this.picker.value;
  }

  // `turn`: the turn whose answer is being written, or null.
  set busy(turn) {
    this.#busy = turn;
    keepFocus(() => (this.stopButton.hidden = !turn), messageField);
    this.stopButton.disabled = false;
    this.#changed();
    if (!turn && this.queued.waits) this.onsend(this.queued.take());
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
    if (this.#blocked || !(text.trim() || (own && this.#hasFiles))) return;
    if (own && this.#showTooLong()) return;
    if (own && this.tray.failed) {
      this.showError(translate("files_failed"));
      return;
    }
    // The message is sent when its files are uploaded.
    this.#sendWhenReady = own && this.tray.busy;
    if (this.#sendWhenReady) return;
    this.showError("");
    const message = { text, choice, attachments: own ? this.tray.take() : [] };
    // Cleared first: sending lays out the page, and half a million lines in a field take a browser minutes.
    if (own) {
      this.field.value = "";
      this.#changed();
    }
    if (!this.#busy) return this.onsend(message);
    this.queued.put(message);
    this.#changed();
  }

  // Keeps the draft from being sent, with the reason as a text, or allows it again with "".
  block(reason) {
    if (reason === this.#blocked) return;
    this.#blocked = reason;
    this.showError(reason);
    this.#showButtons();
  }

  // Takes over from classic/early_enter.js. An Enter that was pressed before sends what is written now.
  start() {
    this.form.dataset.started = "";
    if ("sendAtStart" in this.form.dataset) whenComposed(this.form, () => this.send());
  }

  // Returns whether there was something to stop.
  stop() {
    if (!this.#busy || this.stopButton.disabled) return false;
    keepFocus(() => (this.stopButton.disabled = true), messageField);
    this.onstop(this.#busy);
    return true;
  }

  // Takes a refused request back. A message returns to the field, unless the user has begun another one; the message
  // of another conversation, which a closed page left, becomes its draft, unless there is one.
  takeBack({ own, message: { type, conversation, text, attachments = [] } }) {
    if (type !== "turn.start") return;
    if (own && !this.#isEmpty) return;
    if (own) this.#put({ text, attachments });
    else if (!this.drafts.read(conversation)) this.drafts.write(conversation, text);
  }

  // Puts a message before what is written.
  #put({ text, attachments }) {
    this.field.value = [text, this.field.value].filter(Boolean).join("\n\n");
    this.tray.restore(attachments);
    this.#changed();
    this.field.focus();
  }

  get #isEmpty() {
    return !this.field.value.trim() && !this.#hasFiles;
  }

  get #hasFiles() {
    return this.tray.busy || this.tray.ids.length > 0;
  }

  #filesChanged() {
    if (this.tray.failed) this.#sendWhenReady = false;
    else if (this.#sendWhenReady && !this.tray.busy) whenComposed(this.form, () => this.send());
    this.#changed();
  }

  // `action`: {name, run} of a button beside the text.
  showError(text, action = null) {
    keepFocus(() => this.problem.show(text, action), messageField);
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (!isSendKey(event, { touch: isTouchOnly(), plainBreaks: page.enter_breaks })) return;
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("input", () => {
      this.#changed();
      this.#showTooLong();
    });
    this.picker.addEventListener("change", () => rememberChoice(this.storage, this.picker));
    this.stopButton.addEventListener("click", () => this.stop());
    startStarters(this.form, () => this.#changed());
  }

  // Nothing is cut off: a text that is too long stays in the field, and the words say so until it is shorter.
  #showTooLong() {
    const tooLong = isLonger(this.field.value, page.longest_text);
    const words = translate("message_too_long");
    if (tooLong) this.showError(words);
    else if (this.problem.text === words) this.showError("");
    return tooLong;
  }

  #changed() {
    const { value } = this.field;
    this.drafts.write(this.conversation, [this.queued.text, value].filter(Boolean).join("\n\n"));
    if (!this.tray.busy) {
      this.drafts.writeFiles(this.conversation, [...this.queued.attachments, ...this.tray.ids]);
    }
    this.#showButtons();
    this.ondraft(value, this.tray.tokens);
    fitField(this.field);
  }

  // While an answer comes, Send queues what is written, and Stop has its place as long as nothing is.
  #showButtons() {
    const empty = this.#isEmpty;
    keepFocus(() => {
      this.sendButton.disabled = empty || Boolean(this.#blocked);
      this.sendButton.hidden = Boolean(this.#busy) && empty;
    }, messageField);
  }
}
