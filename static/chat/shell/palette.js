// The palette: one field that finds conversations, commands, models and assistants. A combobox with a listbox, as the
// ARIA practices describe it: the focus stays in the field, and aria-activedescendant names the chosen option.

import { fetchFragment, fromTemplate } from "parley/lib/fragments.js";
import { leaveFor } from "parley/lib/navigation.js";
import { translate } from "parley/lib/page.js";
import { found } from "parley/models/lists/command_match.js";
import { availableCommands } from "parley/shell/commands.js";

const ASK_AFTER_MS = 120;
const MOST = 7;

export class Palette {
  #active = null;
  #moved = false;
  #runs = new Map();
  #asked = 0;
  #timer = null;
  #waits = false;
  #composes = false;
  #enterWaits = false;

  // `choices()`: returns the models and assistants as entries {name, words, hint, run}.
  constructor({ choices }) {
    this.choices = choices;
    this.dialog = document.getElementById("palette");
    this.input = document.getElementById("palette-input");
    this.list = document.getElementById("palette-list");
    this.status = this.dialog.querySelector("[data-status]");
    this.input.addEventListener("input", () => this.#typed());
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointermove", ({ target }) =>
      this.#activate(target.closest("[role=option]"), true),
    );
    // The focus stays in the field.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) => this.#run(target.closest("[role=option]")));
    this.dialog.addEventListener("close", () => this.#asked++);
    this.input.addEventListener("compositionstart", () => (this.#composes = true));
    this.input.addEventListener("compositionend", () => (this.#composes = false));
    // Escape ends the composition first.
    this.dialog.addEventListener("cancel", (event) => this.#composes && event.preventDefault());
    document.addEventListener("click", ({ target }) => {
      if (target === this.dialog) this.dialog.close();
      else if (target.closest?.("[data-open-palette]")) this.open();
    });
  }

  open() {
    // Over the drawer of a phone nothing could be reached that the palette opens.
    document.getElementById("drawer").close();
    this.input.value = "";
    this.#rows("conversations").replaceChildren();
    this.dialog.showModal();
    this.#typed();
  }

  #rows(group) {
    return this.list.querySelector(`[data-group=${group}] [data-rows]`);
  }

  get #options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  #typed() {
    const typed = this.input.value.trim();
    this.#moved = this.#enterWaits = false;
    this.#runs.clear();
    this.#fill("commands", found(availableCommands(), typed).slice(0, typed ? MOST : undefined));
    this.#fill("choices", typed ? found(this.choices(), typed).slice(0, MOST) : []);
    const search = () => leaveFor(`/search?${new URLSearchParams({ q: typed })}`);
    const name = translate("search_messages", { words: typed });
    this.#fill("search", typed ? [{ name, icon: "search", run: search }] : []);
    this.#ask(typed);
    this.#show();
  }

  #fill(group, entries) {
    this.#rows(group).replaceChildren(
      ...entries.map((entry, index) => {
        const option = fromTemplate("palette-option");
        option.id = `palette-${group}-${index}`;
        option.querySelector("use").setAttribute("href", `#icon-${entry.icon ?? "thinking"}`);
        option.querySelector(".palette__name").textContent = entry.name;
        const hint = option.querySelector(".palette__hint");
        hint.textContent = entry.keys ?? entry.hint ?? "";
        hint.classList.toggle("palette__hint--keys", "keys" in entry);
        this.#runs.set(option.id, entry.run);
        return option;
      }),
    );
  }

  // Asks the server for conversations. An answer to older words is dropped; the old rows stay until the new ones come.
  #ask(typed) {
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    this.#wait(true);
    this.#timer = setTimeout(
      async () => {
        const rows = await fetchFragment(`/palette?${new URLSearchParams({ q: typed })}`).catch(() => []);
        if (asked !== this.#asked) return;
        this.#rows("conversations").replaceChildren(...(rows ?? []));
        this.#wait(false);
        this.#show();
        if (this.#enterWaits) this.#run(this.#active);
      },
      typed ? ASK_AFTER_MS : 0,
    );
  }

  #wait(waits) {
    this.#waits = waits;
    this.list.ariaBusy = String(waits);
    const hidden = !waits || this.#rows("conversations").childElementCount > 0;
    this.list.querySelector("[data-skeletons]").hidden = hidden;
  }

  #show() {
    for (const group of this.list.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[role=option], [data-skeletons]:not([hidden])");
    }
    const kept = this.#moved && this.#active?.isConnected ? this.#active : this.#options[0];
    this.#activate(kept ?? null, this.#moved);
    if (this.#waits) return;
    this.status.textContent = translate("results", { count: this.#options.length });
  }

  #activate(option, moved) {
    if (option === null && moved) return;
    this.#moved = moved;
    for (const each of this.#options) each.ariaSelected = String(each === option);
    this.#active = option;
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  // Keys that an input method takes to compose a letter, as Enter for Korean, mean nothing here.
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const options = this.#options;
    const at = options.indexOf(this.#active);
    const to = {
      ArrowDown: (at + 1) % options.length,
      ArrowUp: (at > 0 ? at : options.length) - 1,
      PageDown: Math.min(at + MOST, options.length - 1),
      PageUp: Math.max(at - MOST, 0),
    }[event.key];
    const again = (event.ctrlKey || event.metaKey) && event.code === "KeyK";
    if (to === undefined && event.key !== "Enter" && !again) return;
    if (event.key === "Enter" && event.target !== this.input) return;
    event.preventDefault();
    if (again) this.dialog.close();
    else if (to !== undefined) this.#activate(options[to] ?? null, true);
    else this.#enter();
  }

  // Enter before the conversations are there waits for them, unless a command or the user's own choice is meant.
  #enter() {
    const meant = this.#moved || this.#rows("commands").contains(this.#active);
    if (this.#waits && !meant) this.#enterWaits = true;
    else this.#run(this.#active);
  }

  #run(option) {
    if (!option) return;
    const { address } = option.dataset;
    const run = this.#runs.get(option.id) ?? (() => leaveFor(address));
    this.dialog.close();
    run();
  }
}
