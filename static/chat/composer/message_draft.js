// What is written and not sent: the text in the field and its files. A reload loses neither. While a message is edited,
// that edit is kept apart from the draft, which comes back when it ends.

export class MessageDraft {
  // `drafts`: the storage. Listener: onchange() when the field was changed by this class.
  constructor({ field, tray, drafts, conversation, onchange }) {
    Object.assign(this, { field, tray, drafts, conversation, onchange });
  }

  get isEmpty() {
    return !this.field.value.trim() && !this.tray.busy && !this.tray.ids.length;
  }

  // Shows what an earlier page left. The text first: each change of the files writes the draft.
  open() {
    this.field.value ||= this.drafts.read(this.conversation);
    this.tray.restore(this.drafts.readFiles(this.conversation));
  }

  // What is written is kept elsewhere from now on, or was sent.
  forget() {
    this.drafts.write(this.conversation, "");
    this.drafts.writeFiles(this.conversation, []);
  }

  // Keeps what is written. `parent`: that of the edited message, or null. `waiting`: a queued message, {text, attachments},
  // which is a part of the draft until it is sent.
  keep({ parent, waiting }) {
    const { value } = this.field;
    const files = this.tray.busy ? null : this.tray.ids;
    if (parent) this.drafts.writeEdit(this.conversation, { parent, text: value, attachments: files });
    else {
      this.drafts.write(this.conversation, [waiting.text, value].filter(Boolean).join("\n\n"));
      if (files) this.drafts.writeFiles(this.conversation, [...waiting.attachments, ...files]);
    }
  }

  // Shows a message that is edited, in place of the draft.
  showEdit({ parent, text, attachments }) {
    this.#replace({ text, attachments });
    this.drafts.writeEdit(this.conversation, { parent, text, attachments });
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
  }

  // Shows the draft again.
  endEdit() {
    this.drafts.writeEdit(this.conversation, null);
    const attachments = this.drafts.readFiles(this.conversation);
    this.#replace({ text: this.drafts.read(this.conversation), attachments });
    this.drafts.writeFiles(this.conversation, attachments);
  }

  // Puts a message before what is written.
  prepend({ text, attachments }) {
    this.field.value = [text, this.field.value].filter(Boolean).join("\n\n");
    this.tray.restore(attachments);
    this.onchange();
    this.field.focus();
  }

  #replace({ text, attachments }) {
    this.field.value = text;
    this.tray.take();
    this.tray.restore(attachments);
    this.onchange();
  }
}
