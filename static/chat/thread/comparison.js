// The answers to one message side by side, of which one is kept. The models answer one after the other; the comparison
// opens by itself when the last one has answered.

import { toast } from "parley/lib/announcements.js";
import { fetchFragment } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { choose } from "parley/thread/turn_buttons.js";

export class Comparison {
  #pending = null;
  #others = [];

  constructor() {
    this.dialog = document.getElementById("comparison");
    this.columns = this.dialog.querySelector("[data-columns]");
    // While capturing: the menu is gone when the click bubbles.
    document.addEventListener("click", (event) => this.#click(event), true);
  }

  // `others`: the picker's values of those who answer the next message after the first one; [] plans none.
  plan(others) {
    this.#others = others;
    this.#pending = null;
  }

  // No answer is being written any more in a conversation. Returns the request to the next model, or null.
  answered(conversation) {
    const last = [...document.querySelectorAll("#thread > [data-turn]")].at(-1);
    const [next, ...rest] = this.#others;
    const message = this.#pending;
    this.plan(rest);
    if (next && last?.dataset.parent) {
      this.#pending = last.dataset.parent;
      return { type: "turn.retry", turn: last.dataset.turn, ...choose(next) };
    }
    if (message && conversation) this.open(conversation, message);
    return null;
  }

  async open(conversation, message) {
    this.columns.replaceChildren(this.dialog.querySelector("[data-waiting]").content.cloneNode(true));
    this.columns.ariaBusy = "true";
    if (!this.dialog.open) this.dialog.showModal();
    const nodes = await fetchFragment(`/c/${conversation}/versions?message=${message}`).catch(() => null);
    this.columns.ariaBusy = null;
    if (!nodes) {
      this.dialog.close();
      return toast(translate("cant_load"));
    }
    this.columns.replaceChildren(...nodes);
    for (const button of this.columns.querySelectorAll("[data-keep]")) nameAssistant(button);
    globalThis.htmx?.process(this.columns);
  }

  // The model that wrote the answer that is kept answers next too. The dialog closes after htmx has sent the choice.
  #keep(choice) {
    if (optionOf(choice)?.disabled === false) choose(choice);
    setTimeout(() => this.dialog.close());
  }

  #click({ target }) {
    const asked = target.closest?.("[data-compare-with]");
    // While an answer is written, the menu asks no model.
    if (asked && !document.querySelector("#thread > [data-live]"))
      this.#pending = questionOf(asked.closest("[popover]").dataset.turn);
    const button = target.closest?.("[data-compare]");
    if (button) this.open(document.getElementById("thread").dataset.conversation, button.dataset.compare);
    const kept = target.closest?.("[data-keep]");
    if (kept) this.#keep(kept.dataset.keep);
  }
}

const optionOf = (choice) => document.querySelector(`#choice option[value="${choice}"]`);

// Two assistants may have the same model.
function nameAssistant({ dataset: { keep }, previousElementSibling: heading }) {
  const option = keep.startsWith("assistant:") && optionOf(keep);
  if (option) heading.textContent = `${option.textContent} · ${heading.textContent}`;
}

const questionOf = (turn) =>
  document.querySelector(`#thread > [data-turn="${turn}"]`)?.dataset.parent || null;
