// The searchable list of models and assistants, in place of a select that has too many of them. Several can be chosen to
// compare their answers to the next message; the select has the first of them.

import { foundChoices } from "parley/models/lists/choice_search.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { place } from "parley/shell/menus.js";

const MOST = 3;

export class ModelChooser {
  #active = -1;
  #several = null;

  // `picker`: the select, which keeps what is chosen.
  constructor(picker) {
    this.picker = picker;
    picker.addEventListener("change", () => this.show());
    this.box = document.getElementById("chooser");
    if (!this.box) return;
    this.button = document.querySelector("[popovertarget=chooser]");
    this.input = this.box.querySelector("input");
    this.list = this.box.querySelector("[role=listbox]");
    this.none = this.box.querySelector("[data-none]");
    this.severalButton = this.box.querySelector("[data-several]");
    this.severalButton.addEventListener("click", () => this.#chooseSeveral());
    this.box.addEventListener("toggle", ({ newState }) => newState === "open" && this.#open());
    this.input.addEventListener("input", () => this.#search());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", ({ target }) => this.#choose(target.closest("[role=option]")));
  }

  // Returns whom to ask after the first one. The message after that is for one alone again.
  takeOthers() {
    const others = this.#several?.slice(1) ?? [];
    this.#several = null;
    this.show();
    return others;
  }

  show() {
    const names = (this.#several ?? [this.picker.value]).map((value) => this.#optionOf(value)?.textContent);
    this.picker.parentElement.querySelector("[data-chosen]").textContent = names.join(" + ");
    if (!this.box) return;
    this.severalButton.setAttribute("aria-pressed", String(Boolean(this.#several)));
    this.list.setAttribute("aria-multiselectable", String(Boolean(this.#several)));
  }

  #optionOf(value) {
    return [...this.picker.options].find((option) => option.value === value);
  }

  #chooseSeveral() {
    this.#several = this.#several ? null : [this.picker.value];
    this.show();
    this.#search();
    this.input.focus();
  }

  // At least one stays, and not more than three are compared.
  #toggle(value) {
    const without = this.#several.filter((each) => each !== value);
    if (without.length < this.#several.length) this.#several = without.length ? without : this.#several;
    else if (this.#several.length < MOST) this.#several.push(value);
    this.#pick(this.#several[0]);
    this.#search();
  }

  #pick(value) {
    this.picker.value = value;
    this.picker.dispatchEvent(new Event("change", { bubbles: true }));
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
    node.setAttribute("aria-selected", String((this.#several ?? [this.picker.value]).includes(value)));
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
    if (this.#several) return this.#toggle(node.dataset.value);
    this.box.hidePopover();
    this.#pick(node.dataset.value);
  }
}

function choiceOf({ value, textContent, title, disabled, dataset }) {
  return { value, name: textContent, about: title, price: dataset.price, disabled };
}
