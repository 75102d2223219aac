// The ring beside Send: how much of the model's context window is in use, including the draft and its files. Below the
// field stands what is about to be sent: its tokens and its price.

import { page, translate } from "parley/lib/page.js";
import { contextShare, contextTokens, estimateTokens } from "parley/models/message/context_usage.js";

const COUNT_AFTER_MS = 900;
const SHOWN_FROM_PERCENT = 50;
const NUMBER = new Intl.NumberFormat(page.language);
const PERCENT = new Intl.NumberFormat(page.language, { style: "percent" });
const formatPercent = (percent) => PERCENT.format(percent / 100);

export class ContextGauge {
  #used = 0;
  #draft = 0;
  #files = 0;
  #exact = true;
  #counting = null;
  #text = "";

  // `picker`: the choice of the model. `request` returns where the draft would be sent: {conversation, parent, assistant,
  // model, effort, tools_off}.
  constructor({ picker, request }) {
    Object.assign(this, { picker, request });
    this.element = document.getElementById("gauge");
    this.warning = document.getElementById("gauge-warning");
    this.note = document.getElementById("send-note");
    // Listener: gets the text why the draft can't be sent, or "".
    this.onoverfull = () => {};
    // The model, the effort and the tools.
    picker.form.addEventListener("change", () => this.draft(this.#text, this.#files));
  }

  // Reads the used tokens from the thread that is shown.
  read(thread) {
    this.#used = Number(thread.dataset.used) || 0;
    this.#show();
  }

  // Takes the usage of a call of the answer that is being written.
  usage(usage, thread) {
    this.#used = contextTokens(usage);
    thread.dataset.used = this.#used;
    this.#show();
  }

  // Estimates a draft at once by its length, and has it counted when the user pauses. `files`: tokens, estimated.
  draft(text, files) {
    this.#text = text;
    this.#files = files;
    clearTimeout(this.timer);
    this.#counting?.abort();
    this.#draft = text.trim() ? estimateTokens(text) : 0;
    this.#exact = !this.#draft && !files;
    this.#show();
    if (this.#draft || files) this.timer = setTimeout(() => this.#count(text, files), COUNT_AFTER_MS);
    else this.#showNote("");
  }

  get #option() {
    return this.picker.selectedOptions[0];
  }

  // In a new conversation an assistant's prompt counts too; later it is part of the used tokens.
  async #count(text, files) {
    this.#counting = new AbortController();
    try {
      const response = await fetch("/estimate", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": page.csrf },
        body: JSON.stringify({ text, file_tokens: files, ...this.request() }),
        signal: this.#counting.signal,
      });
      if (!response.ok) return this.#showNote("");
      const count = await response.json();
      this.#draft = Math.max(0, count.draft_tokens - files);
      this.#used ||= count.used_tokens;
      this.#exact = count.exact;
      this.#show();
      this.#showNote(count.words);
    } catch {
      // The estimate stays.
    }
  }

  // In place of the words that always stand there.
  #showNote(words) {
    this.note.textContent = words || this.note.dataset.always;
    this.note.toggleAttribute("data-estimated", Boolean(words));
  }

  #show() {
    const window = Number(this.#option?.dataset.window) || 0;
    const draft = this.#draft + this.#files;
    const total = this.#used + draft;
    const empty = !window || !total;
    this.element.classList.toggle("gauge--empty", empty);
    if (empty) {
      this.#warn("");
      this.onoverfull("");
      return;
    }
    const { share, shareWithDraft, percent, warns, overfull } = contextShare({
      used: this.#used,
      draft,
      window,
    });
    const values = {
      used: NUMBER.format(total),
      window: NUMBER.format(window),
      percent: formatPercent(percent),
    };
    const text = translate(this.#exact ? "gauge" : "gauge_estimated", values);
    this.element.style.setProperty("--used", share);
    this.element.style.setProperty("--draft", shareWithDraft);
    this.element.setAttribute("aria-valuenow", percent);
    this.element.setAttribute("aria-valuetext", text);
    this.element.title = text;
    // Below a half the ring says enough; the tooltip and screen readers have the numbers.
    const shown = percent >= SHOWN_FROM_PERCENT ? `${this.#exact ? "" : "≈ "}${formatPercent(percent)}` : "";
    this.element.querySelector("[data-text]").textContent = shown;
    this.element.classList.toggle("gauge--warns", warns);
    const tooLong = overfull
      ? translate("draft_too_long", {
          model: this.#option.textContent,
          tokens: `${this.#exact ? "" : "≈ "}${NUMBER.format(draft)}`,
          window: NUMBER.format(window),
        })
      : "";
    this.onoverfull(tooLong);
    this.#warn(warns && !tooLong ? translate("gauge_full") : "");
  }

  #warn(text) {
    if (this.warning.textContent !== text) this.warning.textContent = text;
  }
}
