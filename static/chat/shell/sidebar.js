// The list of conversations: beside the thread, or in a drawer on narrow screens.

import { page } from "parley/lib/page.js";

const REFRESH_AFTER_MS = 150;

export class Sidebar {
  #timer = null;

  constructor() {
    this.app = document.getElementById("app");
    this.sidebar = document.getElementById("sidebar");
    this.drawer = document.getElementById("drawer");
    this.search = document.getElementById("search");
    this.form = document.getElementById("search-form");
    document.addEventListener("click", (event) => this.#click(event));
    this.drawer.addEventListener("close", () => this.app.prepend(this.sidebar));
    matchMedia("(width >= 56rem)").addEventListener("change", () => this.drawer.close());
    document.body.addEventListener("htmx:beforeSwap", (event) => this.#beforeSwap(event));
    this.#showCurrent();
  }

  // A modal dialog keeps the focus inside and closes with Escape.
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

  // The list has changed on the server. Several changes in a short time cause one request.
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#requestList(), REFRESH_AFTER_MS);
  }

  moveTo(conversation) {
    page.conversation = conversation;
    this.form.elements.current.value = conversation;
    this.refresh();
  }

  // A new list would close an open menu.
  get #menuIsOpen() {
    return this.sidebar.querySelector("#conversations :popover-open") !== null;
  }

  #showCurrent() {
    this.sidebar.querySelector(".conversation--current")?.scrollIntoView({ block: "nearest" });
  }

  #requestList() {
    if (this.#menuIsOpen) this.refresh();
    else document.body.dispatchEvent(new Event("conversations-stale"));
  }

  // A menu may have been opened during the request.
  #beforeSwap(event) {
    if (event.detail.target.id !== "conversations" || !this.#menuIsOpen) return;
    event.detail.shouldSwap = false;
    this.refresh();
  }

  #click(event) {
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
