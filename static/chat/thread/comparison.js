// The answers to one message side by side, of which one is kept. A comparison that a person asked for in the menu of Retry
// opens by itself when the other model has answered.

import { toast } from "parley/lib/announcements.js";
import { fetchFragment } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { choose } from "parley/thread/turn_buttons.js";

export class Comparison {
  #pending = null;

  constructor() {
    this.dialog = document.getElementById("comparison");
    this.columns = this.dialog.querySelector("[data-columns]");
    // While capturing: the menu is gone when the click bubbles.
    document.addEventListener("click", (event) => this.#click(event), true);
  }

  // No answer is being written any more in a conversation.
  answered(conversation) {
    const message = this.#pending;
    this.#pending = null;
    if (message && conversation) this.open(conversation, message);
  }

  async open(conversation, message) {
    const nodes = await fetchFragment(`/c/${conversation}/versions?message=${message}`).catch(() => null);
    if (!nodes) return toast(translate("cant_load"));
    this.columns.replaceChildren(...nodes);
    globalThis.htmx?.process(this.columns);
    this.dialog.showModal();
  }

  // Whoever wrote the answer that is kept answers next too. The dialog closes after htmx has sent the choice.
  #keep(choice) {
    const offered = document.querySelector(`#choice option[value="${choice}"]:not(:disabled)`);
    if (offered) choose(choice);
    setTimeout(() => this.dialog.close());
  }

  #click({ target }) {
    const asked = target.closest?.("[data-compare-with]");
    if (asked) this.#pending = questionOf(asked.closest("[popover]").dataset.turn);
    const button = target.closest?.("[data-compare]");
    if (button) this.open(document.getElementById("thread").dataset.conversation, button.dataset.compare);
    const kept = target.closest?.("[data-keep]");
    if (kept) this.#keep(kept.dataset.keep);
  }
}

const questionOf = (turn) =>
  document.querySelector(`#thread > [data-turn="${turn}"]`)?.dataset.parent || null;
