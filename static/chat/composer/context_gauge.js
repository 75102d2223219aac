// The ring beside Send: how much of the model's context window is in use, including the draft and its files.

import { page, translate } from "parley/lib/page.js";
import { contextShare, contextTokens, estimateTokens } from "parley/models/context_usage.js";

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

  constructor(picker) {
    this.picker = picker;
    this.element = document.getElementById("gauge");
    this.warning = document.getElementById("gauge-warning");
    // Listener: gets the text why the draft can't be sent, or "".
    this.onoverfull = () => {};
    picker.addEventListener("change", () => this.draft(this.#text, this.#files));
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
    if (this.#draft) this.timer = setTimeout(() => this.#count(text), COUNT_AFTER_MS);
  }

  get #option() {
    return this.picker.selectedOptions[0];
  }

  async #count(text) {
    this.#counting = new AbortController();
    try {
      const response = await fetch("/api/v1/count_tokens", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": page.csrf },
        body: JSON.stringify({ text, ...this.#recipient() }),
        signal: this.#counting.signal,
      });
      if (!response.ok) return;
      const count = await response.json();
      this.#draft = count.input_tokens;
      this.#exact = count.exact && !this.#files;
      this.#show();
    } catch {
      // The estimate stays.
    }
  }

  // In a new conversation an assistant's prompt and a project's documents count too; later they are part of the used
  // tokens.
  #recipient() {
    const [kind, id] = this.picker.value.split(":");
    const project = page.project && !this.#used ? { project: page.project } : {};
    if (kind === "assistant" && !this.#used) return { assistant: id, ...project };
    return this.#option?.dataset.model ? { model: this.#option.dataset.model, ...project } : project;
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
