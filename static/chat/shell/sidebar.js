// The list of conversations: beside the thread, or in a drawer where there is no room for it.

import { page } from "parley/lib/page.js";

const BREATH = 150;

export class Sidebar {
  #timer = null;

  constructor() {
    this.app = document.getElementById("app");
    this.sidebar = document.getElementById("sidebar");
    this.drawer = document.getElementById("drawer");
    this.search = document.getElementById("search");
    this.form = document.getElementById("search-form");
    document.addEventListener("click", (event) => this.#clicked(event));
    this.drawer.addEventListener("close", () => this.app.prepend(this.sidebar));
    matchMedia("(width >= 56rem)").addEventListener("change", () => this.drawer.close());
    document.body.addEventListener("htmx:beforeSwap", (event) => this.#beforeSwap(event));
    this.#showCurrent();
  }

  // A modal dialog keeps the focus inside and closes with Escape by itself.
  open() {
    if (this.drawer.open || getComputedStyle(this.sidebar).display !== "none") return;
    this.drawer.append(this.sidebar);
    this.drawer.showModal();
    this.#showCurrent();
  }

  focusSearch() {
    this.open();
    this.search.focus();
    this.search.select();
  }

  // Something about the list has changed on the server; several changes at once are read once.
  stale() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), BREATH);
  }

  moveTo(conversation) {
    page.conversation = conversation;
    this.form.elements.current.value = conversation;
    this.stale();
  }

  // An open menu would be torn away with its list.
  get #menuIsOpen() {
    return this.sidebar.querySelector("#conversations :popover-open") !== null;
  }

  #showCurrent() {
    this.sidebar.querySelector(".conversation--current")?.scrollIntoView({ block: "nearest" });
  }

  #refresh() {
    if (this.#menuIsOpen) this.stale();
    else document.body.dispatchEvent(new Event("conversations-stale"));
  }

  // The menu may have opened while the list was on its way.
  #beforeSwap(event) {
    if (event.detail.target.id !== "conversations" || !this.#menuIsOpen) return;
    event.detail.shouldSwap = false;
    this.stale();
  }

  #clicked(event) {
    const target = event.target;
    if (target.closest("[data-open-drawer]")) this.open();
    else if (target.closest("[data-close-drawer]") || target === this.drawer) this.drawer.close();
    const archive = target.closest("[data-show-archived]");
    if (archive) this.#showArchived(archive);
  }

  #showArchived(button) {
    this.form.elements.archived.value = button.dataset.showArchived;
    this.search.value = "";
    button.closest("[popover]")?.hidePopover();
    document.body.dispatchEvent(new Event("conversations-stale"));
  }
}
