// The searchable list of models and assistants, in place of a select that has too many of them.

import { foundChoices } from "parley/models/choice_search.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { place } from "parley/shell/menus.js";

export class ModelChooser {
  #active = -1;

  // `picker`: the select, which keeps what is chosen.
  constructor(picker) {
    this.picker = picker;
    this.box = document.getElementById("chooser");
    if (!this.box) return;
    this.button = document.querySelector("[popovertarget=chooser]");
    this.input = this.box.querySelector("input");
    this.list = this.box.querySelector("[role=listbox]");
    this.none = this.box.querySelector("[data-none]");
    this.box.addEventListener("toggle", ({ newState }) => newState === "open" && this.#open());
    this.input.addEventListener("input", () => this.#search());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", ({ target }) => this.#choose(target.closest("[role=option]")));
    picker.addEventListener("change", () => this.show());
  }

  show() {
    if (!this.box) return;
    this.button.querySelector("[data-chosen]").textContent =
      this.picker.selectedOptions[0]?.textContent ?? "";
  }

  #open() {
    this.input.value = "";
    this.#search();
    place(this.box, this.button.getBoundingClientRect());
    this.input.focus();
  }

  #search() {
    const groups = [...this.picker.querySelectorAll("optgroup")].map((group) => ({
      name: group.label,
      choices: [...group.children].map(choiceOf),
    }));
    const found = foundChoices(groups, this.input.value);
    this.list.replaceChildren(...found.map((group) => this.#groupNode(group)));
    this.list.hidden = !found.length;
    this.none.hidden = found.length > 0;
    const chosen = this.#options.findIndex((node) => node.dataset.value === this.picker.value);
    this.#activate(this.input.value ? 0 : Math.max(0, chosen));
  }

  get #options() {
    return [...this.list.querySelectorAll("[role=option]:not([aria-disabled])")];
  }

  #groupNode({ name, choices }) {
    const group = document.createElement("li");
    const list = document.createElement("ul");
    group.setAttribute("role", "presentation");
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", name);
    const heading = document.createElement("p");
    Object.assign(heading, { className: "chooser__group", textContent: name, ariaHidden: "true" });
    list.append(...choices.map((choice) => this.#optionNode(choice)));
    group.append(heading, list);
    return group;
  }

  #optionNode({ value, name, about, price, disabled }) {
    const node = fromTemplate("chooser-option");
    node.id = `choice-${value.replace(":", "-")}`;
    node.dataset.value = value;
    node.setAttribute("aria-selected", String(value === this.picker.value));
    if (disabled) node.setAttribute("aria-disabled", "true");
    node.querySelector(".chooser__name").textContent = name;
    node.querySelector(".chooser__about").textContent = about;
    node.querySelector(".chooser__price").textContent = price;
    return node;
  }

  #activate(place_) {
    const options = this.#options;
    this.#active = options.length ? (place_ + options.length) % options.length : -1;
    options.forEach((node, at) => node.toggleAttribute("data-active", at === this.#active));
    const node = options[this.#active];
    this.input.setAttribute("aria-activedescendant", node?.id ?? "");
    node?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const steps = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1 };
    if (event.key in steps) this.#activate(steps[event.key]);
    else if (event.key === "Enter") this.#choose(this.#options[this.#active]);
    else return;
    event.preventDefault();
  }

  #choose(node) {
    if (!node || node.hasAttribute("aria-disabled")) return;
    this.box.hidePopover();
    this.picker.value = node.dataset.value;
    this.picker.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function choiceOf({ value, textContent, title, disabled, dataset }) {
  return { value, name: textContent, about: title, price: dataset.price, disabled };
}
