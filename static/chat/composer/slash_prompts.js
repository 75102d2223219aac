// Saved prompts: a slash at the beginning of the message opens a list of them; one that is chosen takes its place.

import { askForValues } from "parley/composer/prompt_form.js";
import { announce, toast } from "parley/lib/announcements.js";
import { fetchFragment } from "parley/lib/fragments.js";
import { page, translate } from "parley/lib/page.js";
import { isTouchOnly } from "parley/lib/touch.js";
import { fillPrompt, placeholders } from "parley/models/message/prompt_template.js";
import { matchingPrompts, slashQuery } from "parley/models/message/slash_query.js";

export class SlashPrompts {
  #options = null;
  #shown = [];
  #active = -1;
  #closedFor = null;
  #enterAtLoad = false;

  // Listener: oninsert() when the field has the text of a prompt.
  constructor({ form, field, oninsert }) {
    Object.assign(this, { field, oninsert, loaded: false });
    this.box = form.querySelector("[data-prompts]");
    this.list = this.box.querySelector("[role=listbox]");
    this.empty = this.box.querySelector("[data-prompts-empty]");
    field.addEventListener("input", () => this.#update());
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("blur", ({ relatedTarget }) => this.box.contains(relatedTarget) || this.#close());
    this.box.addEventListener("focusout", ({ relatedTarget }) => this.#left(relatedTarget));
    // The field keeps the focus, and a phone its keyboard.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) => this.#choose(target.closest("[role=option]")));
  }

  get isOpen() {
    return !this.box.hidden;
  }

  #left(next) {
    if (next !== this.field && !this.box.contains(next)) this.#close();
  }

  async #update() {
    const query = slashQuery(this.field.value);
    if (query === null) this.#closedFor = null;
    if (query === null || this.#closedFor !== null) return this.#close();
    this.#options ??= fetchFragment("/prompts").catch(() => null);
    const options = await this.#options;
    this.loaded = Boolean(options);
    if (!options) {
      this.#options = null;
      return this.#enterIfPressed();
    }
    // The person has gone on typing meanwhile.
    if (slashQuery(this.field.value) !== query || this.#closedFor !== null) return;
    const prompts = options.map((node) => ({ ...node.dataset, description: aboutOf(node), node }));
    this.#show(matchingPrompts(prompts, query), { none: !prompts.length && !query });
    this.#enterIfPressed();
  }

  // An Enter that came before the list chooses what the list has then, or sends.
  #enterIfPressed() {
    if (!this.#enterAtLoad) return;
    this.#enterAtLoad = false;
    if (this.#shown.length) this.#choose(this.#shown[this.#active].node);
    else this.field.form.requestSubmit();
  }

  // A text that no prompt matches is a message like any other.
  #show(found, { none }) {
    if (!found.length && !none) return this.#close();
    const opens = !this.isOpen;
    this.#shown = found;
    this.list.replaceChildren(...found.map(({ node }) => node));
    this.list.hidden = none;
    this.empty.hidden = !none;
    this.box.hidden = false;
    this.#activate(found.length ? 0 : -1);
    if (opens) announce(translate("prompts_found", { count: found.length }));
  }

  #close() {
    if (!this.isOpen) return;
    this.box.hidden = true;
    this.#shown = [];
    this.#activate(-1);
  }

  #activate(place) {
    this.#active = place;
    this.#shown.forEach(({ node }, at) => node.setAttribute("aria-selected", String(at === place)));
    const node = this.#shown[place]?.node;
    if (node) this.field.setAttribute("aria-activedescendant", node.id);
    else this.field.removeAttribute("aria-activedescendant");
    node?.scrollIntoView({ block: "nearest" });
  }

  // While an input method composes, the keys are its own.
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (!this.isOpen) return this.#keepEnter(event);
    const { length } = this.#shown;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      this.#closedFor = this.field.value;
      this.#close();
    } else if (step && length) this.#activate((this.#active + step + length) % length);
    else if (["Enter", "Tab"].includes(event.key) && length) this.#choose(this.#shown[this.#active].node);
    else return;
    event.preventDefault();
  }

  #keepEnter(event) {
    const loads = this.#options && !this.loaded && slashQuery(this.field.value) !== null;
    if (event.key !== "Enter" || !loads || isTouchOnly()) return;
    this.#enterAtLoad = true;
    event.preventDefault();
  }

  async #choose(option) {
    if (!option) return;
    const { prompt, command } = option.dataset;
    const typed = this.field.value;
    this.#close();
    const text = await fetchText(prompt);
    if (text === null) return toast(translate("cant_load"));
    const fields = placeholders(text);
    const values = fields.length ? await askForValues(command, fields) : {};
    this.field.focus();
    if (!values || this.field.value !== typed) return;
    this.field.value = fillPrompt(text, values, moments());
    this.field.setSelectionRange(this.field.value.length, this.field.value.length);
    this.oninsert();
  }
}

const aboutOf = (node) => node.querySelector(".prompts__about").textContent;

async function fetchText(prompt) {
  const response = await fetch(`/prompts/${prompt}`).catch(() => null);
  return response?.ok ? (await response.json()).text : null;
}

function moments() {
  const now = new Date();
  const format = (options) => new Intl.DateTimeFormat(page.language, options).format(now);
  return { today: format({ dateStyle: "long" }), now: format({ dateStyle: "long", timeStyle: "short" }) };
}
