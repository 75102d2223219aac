// The panel beside the thread that shows an artifact: its preview, its source, its versions with their changes, and a
// form that asks for a change of marked lines. On small screens it covers the page.

import { SourceView } from "parley/artifacts/source_view.js";
import { showChanges } from "parley/artifacts/changes_view.js";
import { showPreview } from "parley/artifacts/preview.js";
import { Versions } from "parley/artifacts/versions.js";
import { announce } from "parley/lib/announcements.js";
import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { download } from "parley/lib/download.js";
import { translate } from "parley/lib/page.js";
import { fileName } from "parley/models/text/code_files.js";
import { editRequest } from "parley/models/message/edit_request.js";

const WIDE = matchMedia("(width >= 64rem)");
const SETTLED_MS = 400;
const TYPES = { html: "text/html", svg: "image/svg+xml", markdown: "text/markdown", code: "text/plain" };

let panel = null;

// Opens the artifact in a code box of the thread. `opener`: gets the focus back.
export function openArtifact(box, opener) {
  panel ??= new ArtifactPanel(document.getElementById("artifact"));
  panel.open(box, opener);
}

class ArtifactPanel {
  #versions = new Versions();
  #view = "preview";
  #lines = null;
  #opener = null;
  #timer = null;

  constructor(dialog) {
    this.dialog = dialog;
    this.form = dialog.querySelector("[data-edit-lines]");
    this.source = new SourceView(this.#part("source"), { onmark: (lines) => this.#mark(lines) });
    this.observer = new MutationObserver(() => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#follow(), SETTLED_MS);
    });
    this.#listen();
  }

  open(box, opener) {
    if (!this.#versions.open(box)) return;
    this.#opener = opener;
    this.#view = this.#shown.kind === "code" ? "source" : "preview";
    this.#appear();
    this.#render();
    this.#find("[data-title]").focus({ preventScroll: true });
    this.observer.observe(document.getElementById("thread").parentNode, { childList: true, subtree: true });
    this.#versions.complete().then((changed) => changed && this.#showPlace());
  }

  get #shown() {
    return this.#versions.shown;
  }

  #find(selector) {
    return this.dialog.querySelector(selector);
  }

  #part(name) {
    return this.#find(`[data-part="${name}"]`);
  }

  async #follow() {
    if (!(await this.#versions.follow())) return;
    this.#render();
    announce(translate("new_version"));
  }

  #appear() {
    if (this.dialog.open) return;
    if (WIDE.matches) this.dialog.show();
    else this.dialog.showModal();
  }

  #closed() {
    this.observer.disconnect();
    this.#part("preview").replaceChildren();
    if (this.#opener?.isConnected) this.#opener.focus({ preventScroll: true });
  }

  #render() {
    const { title, language } = this.#shown;
    this.#find("[data-title]").textContent = title || language || translate("code");
    this.#mark(null);
    this.source.show(this.#shown);
    const { from, to } = this.form.elements;
    from.max = to.max = this.source.lines;
    this.#showView(this.#view);
    this.#showPlace();
  }

  #showPlace() {
    const { shown, previous, count, isNewest } = this.#versions;
    this.#find("[data-versions]").hidden = count < 2;
    this.#find("[data-place]").textContent = `${shown.version} / ${count}`;
    this.#find('[data-step="-1"]').disabled = !previous;
    this.#find('[data-step="1"]').disabled = isNewest;
    this.#find('[data-view="changes"]').hidden = !previous;
  }

  #showView(wanted) {
    const possible = {
      preview: this.#shown.kind !== "code",
      source: true,
      changes: Boolean(this.#versions.previous),
    };
    this.#view = possible[wanted] ? wanted : possible.preview ? "preview" : "source";
    for (const [name, able] of Object.entries(possible)) {
      const button = this.#find(`[data-view="${name}"]`);
      button.hidden = !able;
      button.setAttribute("aria-pressed", String(name === this.#view));
      this.#part(name).hidden = name !== this.#view;
    }
    if (this.#view === "changes") showChanges(this.#part("changes"), this.#versions.previous, this.#shown);
    if (this.#view === "preview") {
      showPreview(this.#part("preview"), this.#shown, { onescape: () => this.dialog.close() });
    } else this.#part("preview").replaceChildren();
    this.form.hidden = this.#view === "changes";
  }

  #mark(lines) {
    this.#lines = lines;
    this.source.mark(lines);
    const { from, to } = this.form.elements;
    from.value = lines?.from ?? "";
    to.value = lines?.to ?? "";
  }

  // Lines that are typed; a number alone is one line.
  #typed() {
    const [from, to] = ["from", "to"].map((name) => Number(this.form.elements[name].value) || 0);
    const [first, last] = [from || to, to || from].sort((one, other) => one - other);
    const most = this.source.lines;
    this.#lines = first ? { from: Math.min(first, most), to: Math.min(last, most) } : null;
    this.source.mark(this.#lines, { reveal: true });
  }

  #ask() {
    const wish = this.form.elements.wish.value.trim();
    if (!wish) return;
    const text = editRequest(this.#shown, this.#lines, wish, translate);
    this.form.elements.wish.value = "";
    document.dispatchEvent(new CustomEvent("parley:send", { detail: { text } }));
    if (!WIDE.matches) this.dialog.close();
  }

  #listen() {
    const { dialog } = this;
    const actions = {
      step: (button) => {
        this.#versions.step(Number(button.dataset.step));
        this.#render();
      },
      view: (button) => this.#showView(button.dataset.view),
      copyArtifact: async (button) => (await copy(this.#shown.text)) && confirmCopy(button),
      save: () =>
        download(fileName(this.#shown), [this.#shown.text], `${TYPES[this.#shown.kind]};charset=utf-8`),
      close: () => this.dialog.close(),
    };
    dialog.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      const name = button && Object.keys(actions).find((each) => each in button.dataset);
      if (name) actions[name](button);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing || dialog.matches(":modal")) return;
      event.preventDefault();
      this.dialog.close();
    });
    dialog.addEventListener("close", () => this.#closed());
    WIDE.addEventListener("change", () => dialog.open && this.#reopen());
    this.form.addEventListener("input", ({ target }) => target.type === "number" && this.#typed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
  }

  // Beside the thread or over it, as the window allows now.
  #reopen() {
    const opener = this.#opener;
    this.#opener = null;
    this.dialog.addEventListener(
      "close",
      () => {
        this.#opener = opener;
        this.#appear();
        this.#render();
      },
      { once: true },
    );
    this.dialog.close();
  }
}
