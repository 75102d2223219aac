// The answers to one message side by side, of which one is kept. The server has the models answer one after the other; the
// comparison opens by itself when the last one has answered.

import { toast } from "parley/lib/announcements.js";
import { fetchFragment } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { choose } from "parley/thread/turn_buttons.js";

export class Comparison {
  #round = null;
  #asked = null;

  constructor() {
    this.dialog = document.getElementById("comparison");
    this.columns = this.dialog.querySelector("[data-columns]");
    // While capturing: the menu is gone when the click bubbles.
    document.addEventListener("click", (event) => this.#click(event), true);
  }

  // An answer is expected. `question`: the message that it answers; `next`: who answers that too, or null.
  follow({ question, next }) {
    const before = this.#round?.question === question ? this.#round.next : [];
    this.#round = next && { question, next };
    this.#asked = next && before.at(-next.length - 1);
  }

  // The answer has begun: the picker shows who writes it, as after a retry.
  started() {
    if (this.#asked && isOffered(this.#asked)) choose(this.#asked);
    this.#asked = null;
  }

  // Whether another answer follows the one that has ended.
  get goesOn() {
    return this.#round?.next.length > 0;
  }

  // All have answered.
  complete() {
    if (this.#round) this.#round.next = [];
  }

  // Nothing follows, whatever was planned.
  drop() {
    this.#round = null;
  }

  // The last answer has ended: shows those of the round, if it was one.
  end(conversation) {
    if (this.#round) this.open(conversation, this.#round.question);
    this.drop();
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
    if (isOffered(choice)) choose(choice);
    setTimeout(() => this.dialog.close());
  }

  #click({ target }) {
    const button = target.closest?.("[data-compare]");
    if (button) this.open(document.getElementById("thread").dataset.conversation, button.dataset.compare);
    const kept = target.closest?.("[data-keep]");
    if (kept) this.#keep(kept.dataset.keep);
  }
}

const optionOf = (choice) => document.querySelector(`#choice option[value="${choice}"]`);

const isOffered = (choice) => optionOf(choice)?.disabled === false;

// Two assistants may have the same model.
function nameAssistant({ dataset: { keep }, previousElementSibling: heading }) {
  const option = keep.startsWith("assistant:") && optionOf(keep);
  if (option) heading.textContent = `${option.textContent} · ${heading.textContent}`;
}
