// The message field with the model picker, Send and Stop.

import { AnswerOptions } from "parley/composer/answer_options.js";
import { AttachmentTray } from "parley/composer/attachment_tray.js";
import { whenComposed } from "parley/composer/composition.js";
import { fitField } from "parley/composer/field_fit.js";
import { MessageDraft } from "parley/composer/message_draft.js";
import { MessageEdit } from "parley/composer/message_edit.js";
import { Problem } from "parley/composer/problem.js";
import { QueuedMessage } from "parley/composer/queued_message.js";
import { SendButtons } from "parley/composer/send_buttons.js";
import { SlashPrompts } from "parley/composer/slash_prompts.js";
import { startStarters } from "parley/composer/starters.js";
import { page, translate } from "parley/lib/page.js";
import { isTouchOnly } from "parley/lib/touch.js";
import { isEditLastKey, isSteerKey } from "parley/models/keys/composer_keys.js";
import { isSendKey } from "parley/models/keys/keyboard.js";

export class Composer {
  #busy = null;
  #sendWhenReady = null;
  #blocked = "";

  // Listeners: onsend({text, attachments, parent, options, others}), onstop(turn), ondraft(text, tokens of its files). `parent` is
  // that of an edited message. `drafts` stores unsent text and files.
  constructor({ onsend, onstop, ondraft, drafts, conversation }) {
    Object.assign(this, { onsend, onstop, ondraft, drafts });
    this.form = document.getElementById("composer");
    this.field = this.form.elements.text;
    this.options = new AnswerOptions({ form: this.form, toolsOff: page.tools_off });
    this.problem = new Problem(this.form);
    this.buttons = new SendButtons(this.form);
    this.tray = new AttachmentTray({
      form: this.form,
      field: this.field,
      onchange: () => this.#filesChanged(),
    });
    this.queued = new QueuedMessage({
      form: this.form,
      onedit: (message) => this.#put(message),
      onnow: () => this.stop(),
    });
    this.draft = new MessageDraft({
      field: this.field,
      tray: this.tray,
      drafts,
      conversation,
      onchange: () => this.#changed(),
    });
    this.editing = new MessageEdit({
      form: this.form,
      onbegin: (edit) => this.#beginEdit(edit),
      onend: () => this.draft.endEdit(),
    });
    // Its keys before those of the field.
    new SlashPrompts({ form: this.form, field: this.field, oninsert: () => this.#changed() });
    this.#listen();
    this.draft.open();
    const edit = drafts.readEdit(conversation);
    if (edit) this.editing.begin(edit);
    this.#changed();
  }

  // Where the draft would be sent, and how it is answered.
  get request() {
    return { parent: this.editing.parent, ...this.options.values };
  }

  // `turn`: the turn whose answer is being written, or null.
  set busy(turn) {
    this.#busy = turn;
    this.buttons.showStop(turn);
    this.#changed();
    if (!turn && this.queued.waits) this.onsend(this.queued.take());
  }

  get busy() {
    return this.#busy;
  }

  moveTo(conversation) {
    this.keepElsewhere(() => (this.draft.conversation = conversation));
  }

  // Moves the draft to where `change` has it kept.
  keepElsewhere(change) {
    this.draft.forget();
    change();
    this.#changed();
  }

  // `now`: an answer that is being written is stopped, and the message follows what there is of it. So does an edited
  // message, which begins another branch.
  send({ now = false } = {}) {
    if (now && this.draft.isEmpty && this.queued.waits) this.stop();
    if (this.#blocked || this.draft.isEmpty || this.problem.checkLength(this.field.value)) return;
    if (this.tray.failed) return this.showError(translate("files_failed"));
    // The message is sent when its files are uploaded.
    this.#sendWhenReady = this.tray.busy ? { now } : null;
    if (this.#sendWhenReady) return;
    this.showError("");
    const { parent } = this.editing;
    const message = { text: this.field.value, attachments: this.tray.take(), parent, ...this.options.take() };
    // Cleared first: sending lays out the page, and half a million lines in a field take a browser minutes.
    this.field.value = "";
    if (parent) this.editing.end();
    else this.#changed();
    if (!this.#busy) return this.onsend(message);
    this.queued.put(message);
    this.#changed();
    if (now || parent) this.stop();
  }

  // Sends a text of the page's own, such as a wish about an artifact. What is written in the field stays.
  sendText(text) {
    const message = { text, attachments: [], parent: null, ...this.options.take() };
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
    if (!this.#busy || !this.buttons.stop()) return false;
    this.onstop(this.#busy);
    return true;
  }

  // Escape: ends editing, else stops the answer. Returns whether there was something to end.
  escape() {
    return this.editing.cancel() || this.stop();
  }

  // Takes a refused request back. A message returns to the field, unless the user has begun another one; the message
  // of another conversation, which a closed page left, becomes its draft, unless there is one. An edited one is edited
  // again.
  takeBack({ own, message: { type, conversation, text, attachments = [], parent = null } }) {
    if (type !== "turn.start") return;
    if (!own) this.drafts.read(conversation) || this.drafts.write(conversation, text);
    else if (this.draft.isEmpty || parent) this.#put({ text, attachments, parent });
  }

  // A message that waits is in the draft of the storage, and stays a part of that draft.
  #beginEdit(edit) {
    this.queued.take();
    this.draft.showEdit(edit);
  }

  #put(message) {
    if (message.parent) this.editing.begin(message);
    else this.draft.prepend(message);
  }

  #filesChanged() {
    const waiting = this.#sendWhenReady;
    if (this.tray.failed) this.#sendWhenReady = null;
    else if (waiting && !this.tray.busy) whenComposed(this.form, () => this.send(waiting));
    this.#changed();
  }

  // `action`: {name, run} of a button beside the text.
  showError(text, action = null) {
    this.problem.show(text, action);
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.defaultPrevented) return;
      const now = isSteerKey(event);
      if (isEditLastKey(event) && this.draft.isEmpty && this.editing.beginLast()) event.preventDefault();
      const keys = { touch: isTouchOnly(), plainBreaks: page.enter_breaks };
      if (!now && !isSendKey(event, keys)) return;
      event.preventDefault();
      this.send({ now });
    });
    this.field.addEventListener("input", () => {
      this.#changed();
      this.problem.checkLength(this.field.value);
    });
    this.buttons.onstop = () => this.stop();
    startStarters(this.form, () => {
      this.options.show();
      this.#changed();
    });
  }

  #changed() {
    this.draft.keep({ parent: this.editing.parent, waiting: this.queued });
    this.#showButtons();
    this.ondraft(this.field.value, this.tray.tokens);
    fitField(this.field);
  }

  #showButtons() {
    this.buttons.show({ empty: this.draft.isEmpty, busy: this.#busy, blocked: this.#blocked });
  }
}
