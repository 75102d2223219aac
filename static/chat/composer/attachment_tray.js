// The tray above the message field: picked, dropped and pasted files, shown as chips that can be removed.

import { announce } from "parley/lib/announcements.js";
import { fetchAttachment, uploadFile } from "parley/lib/attachments_api.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { FAILED, READY, SENDING, Uploads } from "parley/models/uploads.js";

const PARALLEL_UPLOADS = 2;

export class AttachmentTray {
  #chips = new Map();
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

  add(files) {
    for (const file of files) this.#waiting.push({ file, key: this.uploads.add(file).key });
    this.#next();
  }

  // Shows attachments that are uploaded already: of a draft, or of a message that was refused.
  async restore(ids) {
    for (const id of ids) {
      const found = await fetchAttachment(id).catch(() => null);
      if (found) this.uploads.done(this.uploads.add(found).key, found);
    }
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
    this.list.addEventListener("click", ({ target }) => this.#remove(target.closest("[data-remove]")));
    this.field.addEventListener("paste", (event) => this.#paste(event));
    for (const name of ["dragenter", "dragover"])
      document.addEventListener(name, (event) => this.#dragOver(event));
    for (const name of ["dragleave", "dragend"]) {
      document.addEventListener(name, ({ relatedTarget }) => relatedTarget ?? this.#showDropArea(false));
    }
    document.addEventListener("drop", (event) => this.#drop(event));
  }

  // Office programs add a picture to copied text; the user means the text.
  #paste(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.add(files);
  }

  #dragOver(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.#showDropArea(true);
  }

  #drop(event) {
    this.#showDropArea(false);
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.add(event.dataTransfer.files);
    this.field.focus();
  }

  #showDropArea(over) {
    this.form.toggleAttribute("data-dropping", over);
  }

  #remove(button) {
    if (!button) return;
    const key = Number(button.closest("[data-key]").dataset.key);
    this.#waiting = this.#waiting.filter((waiting) => waiting.key !== key);
    this.#aborts.get(key)?.abort();
    this.uploads.remove(key);
    (this.list.querySelector("[data-remove]") ?? this.field).focus();
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
    } catch (error) {
      this.uploads.fail(key, error.message);
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
    const chip = this.#chips.get(item.key) ?? this.#newChip(item);
    const before = chip.dataset.status;
    chip.dataset.status = item.status;
    chip.querySelector(".chip__name").textContent = item.name;
    const bar = chip.querySelector("progress");
    bar.hidden = item.status !== SENDING;
    bar.value = item.progress;
    chip.querySelector(".chip__error").textContent = item.error;
    chip
      .querySelector("[data-remove]")
      .setAttribute("aria-label", translate("remove_file", { name: item.name }));
    if (before === item.status) return;
    if (item.status === READY) this.#ready(chip, item);
    if (item.status === FAILED) this.#failed(chip, item);
  }

  #newChip({ key }) {
    const chip = fromTemplate("upload-chip");
    chip.dataset.key = key;
    this.#chips.set(key, chip);
    this.list.append(chip);
    return chip;
  }

  // A long tray scrolls: the failed file may be out of view.
  #failed(chip, { name, error }) {
    announce(`${name}: ${error}`);
    chip.scrollIntoView({ block: "nearest" });
  }

  #ready(chip, { id, name, kind }) {
    announce(translate("file_attached", { name }));
    if (kind !== "image") return;
    const picture = new Image();
    picture.src = `/attachments/${encodeURIComponent(id)}/thumbnail`;
    picture.alt = "";
    chip.querySelector(".chip__picture").replaceChildren(picture);
  }
}
