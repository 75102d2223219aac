// The bar under the composer: how much of the model's context window is in use, including the draft.

import { page, translate } from "parley/lib/page.js";
import { contextShare, contextTokens, estimateTokens } from "parley/models/context_usage.js";

const COUNT_AFTER_MS = 900;
const NUMBER = new Intl.NumberFormat(page.language);
const COMPACT_NUMBER = new Intl.NumberFormat(page.language, { notation: "compact" });
const PERCENT = new Intl.NumberFormat(page.language, { style: "percent" });
const formatPercent = (percent) => PERCENT.format(percent / 100);

export class ContextGauge {
  #used = 0;
  #draft = 0;
  #exact = true;
  #counting = null;
  #text = "";

  constructor(picker) {
    this.picker = picker;
    this.element = document.getElementById("gauge");
    this.warning = document.getElementById("gauge-warning");
    picker.addEventListener("change", () => this.draft(this.#text));
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

  // Estimates a draft at once by its length, and has it counted when the user pauses.
  draft(text) {
    this.#text = text;
    clearTimeout(this.timer);
    this.#counting?.abort();
    this.#draft = text.trim() ? estimateTokens(text) : 0;
    this.#exact = !this.#draft;
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
      this.#exact = count.exact;
      this.#show();
    } catch {
      // The estimate stays.
    }
  }

  // In a new conversation an assistant's prompt counts too; later it is part of the used tokens.
  #recipient() {
    const [kind, id] = this.picker.value.split(":");
    if (kind === "assistant" && !this.#used) return { assistant: id };
    return this.#option?.dataset.model ? { model: this.#option.dataset.model } : {};
  }

  #show() {
    const window = Number(this.#option?.dataset.window) || 0;
    const total = this.#used + this.#draft;
    this.element.hidden = !window || !total;
    if (this.element.hidden) {
      this.#warn(false);
      return;
    }
    const { share, shareWithDraft, percent, warns } = contextShare({
      used: this.#used,
      draft: this.#draft,
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
    this.element.querySelector("[data-text]").textContent = this.#shortText(total, window, percent);
    this.element.classList.toggle("gauge--warns", warns);
    this.#warn(warns);
  }

  // A phone has room for rounded numbers only. The tooltip and screen readers give exact ones.
  #shortText(total, window, percent) {
    const estimated = this.#exact ? "" : "≈ ";
    return `${estimated}${COMPACT_NUMBER.format(total)} / ${COMPACT_NUMBER.format(window)} · ${formatPercent(percent)}`;
  }

  #warn(warns) {
    const text = warns ? translate("gauge_full") : "";
    if (this.warning.textContent !== text) this.warning.textContent = text;
  }
}
