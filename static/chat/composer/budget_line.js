// The line about a budget above the message field: brought up to date after answers, and hidden for a day on request.

import { keepFocus, messageField } from "parley/lib/focus.js";

const KEY = "parley.budget-hidden";
const today = () => new Date().toDateString();

export class BudgetLine {
  constructor(storage) {
    this.storage = storage;
    document.addEventListener(
      "click",
      ({ target }) => target.closest?.("[data-close-budget]") && this.#hide(),
    );
    document.addEventListener("htmx:afterSettle", () => this.#show());
    this.#show();
  }

  // Asks the server for the line. A warning that begins is shown even on a day on which another one was hidden.
  refresh() {
    this.#keep("");
    document.body.dispatchEvent(new Event("budget-stale"));
  }

  refreshIfShown() {
    const line = document.getElementById("budget");
    if (line.childElementCount && !line.hidden) document.body.dispatchEvent(new Event("budget-stale"));
  }

  #hide() {
    this.#keep(today());
    keepFocus(() => this.#show(), messageField);
  }

  #show() {
    let hiddenOn = "";
    try {
      hiddenOn = this.storage.getItem(KEY);
    } catch {
      // Without storage it is shown again on the next page.
    }
    document.getElementById("budget").hidden = hiddenOn === today();
  }

  #keep(day) {
    try {
      this.storage.setItem(KEY, day);
    } catch {
      // See #show.
    }
  }
}
