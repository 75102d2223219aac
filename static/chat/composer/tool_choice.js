// The menu with the tools of an assistant, each of which can be switched off in this conversation.

import { toast } from "parley/lib/announcements.js";
import { fetchFragment } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { place } from "parley/shell/menus.js";

export class ToolChoice {
  #assistant = null;
  #loaded = null;

  constructor({ form, off }) {
    this.off = new Set(off);
    this.changed = null;
    this.button = form.querySelector("[data-tool-button]");
    this.count = form.querySelector("[data-tools-off]");
    this.menu = document.getElementById("tool-choice");
    this.menu.addEventListener("toggle", ({ newState }) => newState === "open" && this.#load());
    this.menu.addEventListener("change", ({ target }) => this.#switch(target));
    for (const name of ["pointerenter", "focus"]) this.button.addEventListener(name, () => this.#load());
  }

  // `assistant`: the id of one that has tools, or null.
  show(assistant) {
    this.#assistant = assistant;
    this.button.hidden = !assistant;
    if (this.#loaded !== assistant) this.menu.replaceChildren();
    this.#loaded = null;
    this.#showCount();
    if (assistant && this.off.size) this.#load();
  }

  async #load() {
    const assistant = this.#assistant;
    if (!assistant || this.#loaded === assistant) return;
    this.#loaded = assistant;
    const nodes = await fetchFragment(`/tools/choice?assistant=${assistant}`).catch(() => null);
    if (assistant !== this.#assistant) return;
    if (!nodes) {
      this.#loaded = null;
      toast(translate("cant_load"));
      return;
    }
    this.menu.replaceChildren(...nodes);
    for (const box of this.#boxes) box.checked = !this.off.has(box.value);
    if (this.menu.matches(":popover-open")) {
      place(this.menu, this.button.getBoundingClientRect());
      this.#boxes[0]?.focus();
    }
    this.#showCount();
  }

  get #boxes() {
    return [...this.menu.querySelectorAll("[type=checkbox]")];
  }

  #switch({ value, checked }) {
    if (checked) this.off.delete(value);
    else this.off.add(value);
    this.changed = [...this.off];
    this.#showCount();
  }

  #showCount() {
    const boxes = this.#boxes;
    const on = boxes.filter((box) => box.checked).length;
    this.count.hidden = on === boxes.length;
    this.count.textContent = translate("tools_on", { on, all: boxes.length });
  }
}
