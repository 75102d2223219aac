// The list of conversations: beside the thread, or in a drawer on narrow screens.

import { page } from "parley/lib/page.js";
import { Press } from "parley/lib/press.js";
import { isConnected } from "parley/shell/connection_status.js";
import { startConversationMenus } from "parley/shell/conversation_menu.js";
import { ConversationList } from "parley/shell/conversation_list.js";
import { Selection } from "parley/shell/selection.js";

const REFRESH_AFTER_MS = 150;
// While an answer is written in another conversation, the list looks for its end.
const LOOK_EVERY_MS = 5000;
const HIDDEN_KEY = "parley.sidebar";
const WIDE = matchMedia("(width >= 56rem)");

export class Sidebar {
  #timer = null;

  constructor(storage) {
    this.storage = storage;
    this.app = document.getElementById("app");
    this.sidebar = document.getElementById("sidebar");
    this.drawer = document.getElementById("drawer");
    this.search = document.getElementById("search");
    this.form = document.getElementById("search-form");
    document.addEventListener("click", (event) => this.#click(event));
    this.drawer.addEventListener("close", () => this.app.prepend(this.sidebar));
    WIDE.addEventListener("change", () => this.drawer.close());
    document.body.addEventListener("htmx:beforeSwap", (event) => this.#beforeSwap(event));
    this.press = new Press(this.sidebar);
    this.list = new ConversationList(this.sidebar, storage);
    startConversationMenus(this.sidebar);
    this.selection = new Selection(this.sidebar, { onend: () => this.refresh() });
    setInterval(() => this.list.busy && this.#requestList(), LOOK_EVERY_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
    this.form.addEventListener("htmx:configRequest", (event) => this.#keepLength(event));
    this.form.addEventListener("htmx:beforeRequest", (event) => this.#waitFor(event));
    this.form.addEventListener("htmx:afterRequest", () => this.#conversations.removeAttribute("data-waits"));
    this.#showCurrent();
  }

  // Hides the list beside the thread or shows it; on narrow screens it is a drawer.
  toggle() {
    if (!WIDE.matches) return this.drawer.open ? this.drawer.close() : this.open();
    this.#hide(document.documentElement.dataset.sidebar !== "hidden");
  }

  #hide(hidden) {
    const { dataset } = document.documentElement;
    if (hidden) dataset.sidebar = "hidden";
    else delete dataset.sidebar;
    try {
      this.storage.setItem(HIDDEN_KEY, hidden ? "hidden" : "");
    } catch {
      // Without storage the choice lasts until the page is closed.
    }
  }

  // A modal dialog keeps the focus inside and closes with Escape.
  open() {
    if (this.drawer.open) return;
    if (WIDE.matches) return this.#hide(false);
    this.drawer.append(this.sidebar);
    this.drawer.showModal();
    this.#showCurrent();
  }

  focusSearch() {
    this.open();
    this.search.focus();
    this.search.select();
  }

  select() {
    this.open();
    this.selection.start();
  }

  showArchived(archived = "1") {
    this.open();
    this.form.elements.archived.value = archived;
    this.search.value = "";
    this.form.requestSubmit();
  }

  // The list has changed on the server. Several changes in a short time cause one request. Without a connection there is
  // none: the page asks when the connection is back.
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#requestList(), REFRESH_AFTER_MS);
  }

  moveTo(conversation) {
    page.conversation = conversation;
    this.form.elements.current.value = conversation;
    this.refresh();
  }

  // An answer that comes late must not replace what a person is choosing in.
  get #isHeld() {
    return this.#isInUse || this.selection.on;
  }

  // A new list would close an open menu, a press would not reach its row, and what the answer to a row's own request
  // says would be lost with the row.
  get #isInUse() {
    if (this.press.held) return true;
    return this.sidebar.querySelector("#conversations :is(:popover-open, .htmx-request)") !== null;
  }

  // What brings the list up to date brings as many rows as it shows: nothing jumps for who has scrolled down in it.
  #keepLength({ detail }) {
    if (!isAsked(detail.triggeringEvent))
      detail.parameters.set("rows", this.#conversations.querySelectorAll(".conversation").length);
  }

  // A search of the person's own shows that it is under way; what only brings the list up to date does not.
  #waitFor({ detail }) {
    this.#conversations.toggleAttribute("data-waits", isAsked(detail.requestConfig.triggeringEvent));
  }

  get #conversations() {
    return this.sidebar.querySelector("#conversations");
  }

  #showCurrent() {
    this.sidebar.querySelector(".conversation--current")?.scrollIntoView({ block: "nearest" });
  }

  #requestList() {
    // A new list would drop what is selected; the end of the selection asks for it.
    if (!isConnected() || this.selection.on) return;
    if (this.#isInUse) this.refresh();
    else document.body.dispatchEvent(new Event("conversations-stale"));
  }

  // A menu may have been opened, or a row pressed, during the request.
  #beforeSwap({ detail }) {
    if (detail.target.id !== "conversations") return;
    if (this.#isHeld) {
      detail.shouldSwap = false;
      this.refresh();
    } else if (!isAsked(detail.requestConfig.triggeringEvent)) {
      const place = this.#conversations.scrollTop;
      const restore = () => (this.#conversations.scrollTop = place);
      document.body.addEventListener("htmx:afterSwap", restore, { once: true });
    }
  }

  #click(event) {
    const target = event.target;
    if (target.closest("[data-toggle-sidebar]")) this.toggle();
    else if (target.closest("[data-open-drawer]")) this.open();
    else if (target.closest("[data-close-drawer]") || target === this.drawer) this.drawer.close();
    const archive = target.closest("[data-show-archived]");
    if (archive) this.#showArchived(archive);
  }

  #showArchived(button) {
    button.closest("[popover]")?.hidePopover();
    this.showArchived(button.dataset.showArchived);
  }
}

const isAsked = (event) => ["input", "submit"].includes(event?.type);
