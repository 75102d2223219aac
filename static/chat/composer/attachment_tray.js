// The tray above the message field: picked, dropped and pasted files, shown as chips that can be removed.

import { newChip, showChip } from "parley/composer/attachment_chip.js";
import { acceptDrops } from "parley/composer/drop_area.js";
import { toast } from "parley/lib/announcements.js";
import { fetchAttachment, uploadFile } from "parley/lib/attachments_api.js";
import { keepFocus, messageField } from "parley/lib/focus.js";
import { translate } from "parley/lib/page.js";
import { Uploads } from "parley/models/message/uploads.js";

const PARALLEL_UPLOADS = 2;
// A longer paste becomes a file: as a message it would bury the conversation.
const PASTE_AS_FILE_FROM = 4000;

export class AttachmentTray {
  #chips = new Map();
  #files = new Map();
  #waiting = [];
  #running = 0;
  #aborts = new Map();

  // Listener: onchange() when the list of files, or the status of one, changes.
  constructor({ form, field, onchange }) {
    Object.assign(this, { form, field, onchange });
    this.list = form.querySelector("[data-tray]");
    this.picker = form.querySelector("[data-files]");
    this.uploads = new Uploads({ onchange: () => this.#show() });
    this.#listen();
  }

  get busy() {
    return this.uploads.busy;
  }

  get failed() {
    return this.uploads.failed;
  }

  get ids() {
    return this.uploads.ids;
  }

  get tokens() {
    return this.uploads.tokens;
  }

  // Returns the keys of the new chips.
  add(files) {
    const added = [...files].map((file) => ({ file, key: this.uploads.add(file).key }));
    for (const { file, key } of added) this.#files.set(key, file);
    this.#waiting.push(...added);
    this.#next();
    return added.map(({ key }) => key);
  }

  // Shows attachments that are uploaded already: of a draft, or of a message that was refused.
  // Their places are taken at once, so that a file that is added meanwhile comes behind them.
  async restore(ids) {
    const places = ids.map((id) => ({ id, key: this.uploads.add({ name: "…" }).key }));
    const fill = async ({ id, key }) => {
      const found = await fetchAttachment(id).catch(() => null);
      if (found) this.uploads.done(key, found);
      else this.uploads.remove(key);
    };
    await Promise.all(places.map(fill));
  }

  take() {
    return this.uploads.take();
  }

  #listen() {
    this.form.querySelector("[data-attach]").addEventListener("click", () => this.picker.click());
    this.picker.addEventListener("change", () => {
      this.add(this.picker.files);
      this.picker.value = "";
    });
    this.list.addEventListener("click", ({ target }) => {
      this.#remove(target.closest("[data-remove]"));
      this.#again(target.closest("[data-again]"));
    });
    this.field.addEventListener("paste", (event) => this.#paste(event));
    acceptDrops((files) => {
      this.add(files);
      this.field.focus();
    });
  }

  // Office programs add a picture to copied text; the user means the text.
  #paste(event) {
    const { files, types } = event.clipboardData;
    if (types.includes("text/plain")) {
      this.#pasteText(event, event.clipboardData.getData("text/plain"));
      return;
    }
    if (!files.length) return;
    event.preventDefault();
    this.add(files);
  }

  #pasteText(event, text) {
    if (text.length < PASTE_AS_FILE_FROM) return;
    event.preventDefault();
    const number =
      this.uploads.items.filter(({ name }) => name.startsWith(translate("pasted_name"))).length + 1;
    const name = `${translate("pasted_name")}${number > 1 ? ` ${number}` : ""}.txt`;
    const [key] = this.add([new File([text], name, { type: "text/plain" })]);
    const insert = () => {
      this.#drop(key);
      this.field.focus();
      this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
      this.field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    toast(translate("pasted"), { action: { name: translate("paste_as_text"), run: insert } });
  }

  #remove(button) {
    if (!button) return;
    keepFocus(
      () => this.#drop(keyOf(button)),
      () => this.list.querySelector("[data-remove]") ?? messageField(),
    );
  }

  #again(button) {
    if (!button) return;
    const key = keyOf(button);
    this.uploads.again(key);
    this.#waiting.push({ file: this.#files.get(key), key });
    this.#next();
  }

  #drop(key) {
    this.#waiting = this.#waiting.filter((waiting) => waiting.key !== key);
    this.#aborts.get(key)?.abort();
    this.#files.delete(key);
    this.uploads.remove(key);
  }

  #next() {
    while (this.#running < PARALLEL_UPLOADS && this.#waiting.length) {
      this.#running += 1;
      this.#send(this.#waiting.shift()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #send({ file, key }) {
    const abort = new AbortController();
    this.#aborts.set(key, abort);
    try {
      const onprogress = (share) => this.uploads.progress(key, share);
      this.uploads.done(key, await uploadFile(file, { onprogress, signal: abort.signal }));
      this.#files.delete(key);
    } catch (error) {
      this.uploads.fail(key, error.message, error);
    }
    this.#aborts.delete(key);
  }

  #show() {
    const { items } = this.uploads;
    const keys = new Set(items.map(({ key }) => key));
    for (const [key, chip] of this.#chips) {
      if (!keys.has(key)) {
        chip.remove();
        this.#chips.delete(key);
      }
    }
    for (const item of items) this.#showItem(item);
    this.list.hidden = !items.length;
    this.onchange();
  }

  #showItem(item) {
    let chip = this.#chips.get(item.key);
    if (!chip) {
      chip = newChip(item);
      this.#chips.set(item.key, chip);
      this.list.append(chip);
    }
    showChip(chip, item);
  }
}

const keyOf = (button) => Number(button.closest("[data-key]").dataset.key);
