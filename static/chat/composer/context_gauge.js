// The bar under the composer: how much of the model's context is in use, the draft included.

import { page, words } from "parley/lib/page.js";
import { contextTokens, estimateTokens, fullness } from "parley/models/fullness.js";

const PAUSE = 900;
const NUMBER = new Intl.NumberFormat(page.language);
const ROUND = new Intl.NumberFormat(page.language, { notation: "compact" });
const PERCENT = new Intl.NumberFormat(page.language, { style: "percent" });
const inPercent = (percent) => PERCENT.format(percent / 100);

export class Gauge {
  #used = 0;
  #draft = 0;
  #exact = true;
  #asked = null;
  #text = "";

  constructor(picker) {
    this.picker = picker;
    this.element = document.getElementById("gauge");
    this.warning = document.getElementById("gauge-warning");
    picker.addEventListener("change", () => this.draft(this.#text));
  }

  // Reads what the thread that is shown has in the context.
  read(thread) {
    this.#used = Number(thread.dataset.used) || 0;
    this.#show();
  }

  // An answer's call told its usage.
  usage(usage, thread) {
    this.#used = contextTokens(usage);
    thread.dataset.used = this.#used;
    this.#show();
  }

  // Counts a draft at once by its length, and exactly when the person pauses.
  draft(text) {
    this.#text = text;
    clearTimeout(this.timer);
    this.#asked?.abort();
    this.#draft = text.trim() ? estimateTokens(text) : 0;
    this.#exact = !this.#draft;
    this.#show();
    if (this.#draft) this.timer = setTimeout(() => this.#count(text), PAUSE);
  }

  get #option() {
    return this.picker.selectedOptions[0];
  }

  async #count(text) {
    this.#asked = new AbortController();
    try {
      const response = await fetch("/api/v1/count_tokens", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": page.csrf },
        body: JSON.stringify({ text, ...this.#reader() }),
        signal: this.#asked.signal,
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

  // In a new conversation an assistant's prompt counts too; in an old one it is in what is used.
  #reader() {
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
    const { share, draftShare, percent, warns } = fullness({ used: this.#used, draft: this.#draft, window });
    const values = { used: NUMBER.format(total), window: NUMBER.format(window), percent: inPercent(percent) };
    const text = words(this.#exact ? "gauge" : "gauge_estimated", values);
    this.element.style.setProperty("--used", share);
    this.element.style.setProperty("--draft", draftShare);
    this.element.setAttribute("aria-valuenow", percent);
    this.element.setAttribute("aria-valuetext", text);
    this.element.title = text;
    this.element.querySelector("[data-text]").textContent = this.#inShort(total, window, percent);
    this.element.classList.toggle("gauge--warns", warns);
    this.#warn(warns);
  }

  // There is room for little on a phone; whoever hears the page, or points at the bar, gets whole numbers.
  #inShort(total, window, percent) {
    return `${this.#exact ? "" : "≈ "}${ROUND.format(total)} / ${ROUND.format(window)} · ${inPercent(percent)}`;
  }

  #warn(warns) {
    const text = warns ? words("gauge_full") : "";
    if (this.warning.textContent !== text) this.warning.textContent = text;
  }
}
