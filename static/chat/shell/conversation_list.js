// The keyboard in the list of conversations, and its signs of what happened while the person looked elsewhere.

import { page } from "parley/lib/page.js";

const UNREAD_KEY = "parley.unread";

export class ConversationList {
  #running = new Set();

  // `sidebar`: the element that holds the list, which htmx replaces.
  constructor(sidebar, storage) {
    this.sidebar = sidebar;
    this.storage = storage;
    sidebar.addEventListener("keydown", (event) => this.#key(event));
    sidebar.addEventListener("focusin", ({ target }) => this.#rove(target.closest(".conversation > a")));
    sidebar.addEventListener("htmx:beforeSwap", ({ target }) => this.#keepPlace(target));
    document.addEventListener("htmx:afterSettle", () => this.update());
    document.addEventListener("visibilitychange", () => document.hidden || this.update());
    this.update();
  }

  get links() {
    return [...this.sidebar.querySelectorAll(".conversation > a")];
  }

  // Whether an answer is written or waits in another conversation, of whose end this page hears nothing.
  get busy() {
    const rows = [...this.sidebar.querySelectorAll(".conversation")];
    return rows.some(({ dataset }) => dataset.state && dataset.conversation !== page.conversation);
  }

  // Marks the rows whose answer ended unseen, and shows in the tab's title that a decision or an answer waits.
  update() {
    const rows = [...this.sidebar.querySelectorAll(".conversation")];
    const unread = this.#readUnread();
    for (const row of rows) {
      const { conversation, state } = row.dataset;
      if (this.#running.has(conversation) && !state) unread.add(conversation);
      if (state || (conversation === page.conversation && !document.hidden)) unread.delete(conversation);
      row.toggleAttribute("data-unread", unread.has(conversation));
    }
    this.#running = new Set(rows.filter((row) => row.dataset.state).map((row) => row.dataset.conversation));
    this.#keep(unread);
    this.#rove(this.sidebar.querySelector(".conversation > a[tabindex='0']") ?? null);
    const waits = rows.some((row) => row.dataset.state === "waiting");
    const fresh = rows.some((row) => row.hasAttribute("data-unread"));
    const title = document.title.replace(/^(\(!\)|●) /, "");
    document.title = waits ? `(!) ${title}` : fresh ? `● ${title}` : title;
  }

  // One Tab reaches the list; the arrow keys move in it.
  #rove(chosen) {
    const { links } = this;
    const current = chosen ?? links.find((link) => link.ariaCurrent) ?? links[0];
    for (const link of links) {
      link.tabIndex = link === current ? 0 : -1;
      link.nextElementSibling.tabIndex = -1;
    }
  }

  // The button that brings more rows is gone with them: who stands on it goes on with the first of these.
  #keepPlace(target) {
    if (!target.matches(".conversations__more") || target !== document.activeElement) return;
    const at = this.links.length;
    this.sidebar.addEventListener("htmx:afterSettle", () => this.links[at]?.focus(), { once: true });
  }

  #key(event) {
    const link = event.target.closest?.(".conversation > a");
    if (!link) return;
    if (
      event.key === "ArrowRight" ||
      event.key === "ContextMenu" ||
      (event.key === "F10" && event.shiftKey)
    ) {
      event.preventDefault();
      link.nextElementSibling.click();
      return;
    }
    const { links } = this;
    const at = links.indexOf(link);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || !links[to]) return;
    event.preventDefault();
    links[to].focus();
  }

  #readUnread() {
    try {
      return new Set(JSON.parse(this.storage.getItem(UNREAD_KEY) ?? "[]"));
    } catch {
      return new Set();
    }
  }

  #keep(unread) {
    try {
      if (unread.size) this.storage.setItem(UNREAD_KEY, JSON.stringify([...unread]));
      else this.storage.removeItem(UNREAD_KEY);
    } catch {
      // Without storage the signs last until the page is closed.
    }
  }
}
