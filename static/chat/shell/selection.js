// Choosing many conversations in the list, to archive or to delete them together.

import { toast } from "parley/lib/announcements.js";
import { keepFocus } from "parley/lib/focus.js";
import { goneAddress, leaveFor } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";
import { SelectedRows } from "parley/models/lists/selected_rows.js";
import { changeMany } from "parley/shell/undo_deletion.js";

const REVERSE = { archive: "unarchive", unarchive: "archive", delete: "restore" };

export class Selection {
  #rows = new SelectedRows();

  // `onend`: called when the list may be loaded again.
  constructor(sidebar, { onend }) {
    Object.assign(this, { sidebar, onend });
    this.bar = sidebar.querySelector("#selection");
    sidebar.addEventListener("click", (event) => this.#click(event), true);
    sidebar.addEventListener("keydown", (event) => this.#key(event));
    sidebar.addEventListener(
      "focusin",
      ({ target }) => target.matches(".conversation__check") && this.#rove(target),
    );
    document.addEventListener("htmx:afterSettle", () => this.on && this.#show());
  }

  get on() {
    return "selecting" in this.sidebar.dataset;
  }

  // Begins with one row chosen, or with none.
  start(id = null) {
    this.sidebar.dataset.selecting = "";
    this.bar.hidden = false;
    this.#rows.clear();
    if (id) this.#rows.set(id, true);
    this.#show();
    (this.#box(id) ?? this.#boxes[0] ?? this.bar.querySelector("[data-end-selection]")).focus();
  }

  end() {
    if (!this.on) return;
    delete this.sidebar.dataset.selecting;
    keepFocus(
      () => (this.bar.hidden = true),
      () => this.sidebar.querySelector("[data-select]"),
    );
    for (const box of this.#boxes) box.checked = false;
    this.onend();
  }

  get #boxes() {
    return [...this.sidebar.querySelectorAll(".conversation__check")];
  }

  get #shown() {
    return this.#boxes.map((box) => box.value);
  }

  #box(id) {
    return this.#boxes.find((box) => box.value === id);
  }

  #click(event) {
    const { target } = event;
    const begin = target.closest("[data-select]");
    if (begin) return this.start(begin.dataset.select);
    if (!this.on) return;
    if (target.closest("[data-end-selection]")) return this.end();
    if (target.closest("[data-select-all]")) return this.#choose(() => this.#rows.toggleAll(this.#shown));
    const action = target.closest("[data-selected]");
    if (action) return this.#apply(action.dataset.selected);
    const row = target.closest(".conversation");
    if (!row) return;
    // A row is no link now: a click anywhere on it chooses it.
    const box = row.querySelector(".conversation__check");
    if (target !== box) event.preventDefault();
    event.stopPropagation();
    this.#pick(box.value, event.shiftKey);
    box.focus();
  }

  #pick(id, range) {
    this.#choose(() =>
      range ? this.#rows.extendTo(id, this.#shown) : this.#rows.set(id, !this.#rows.has(id)),
    );
  }

  #key(event) {
    if (!this.on || event.isComposing) return;
    const { key } = event;
    if (key === "Escape") return this.#handled(event, () => this.end());
    const at = this.#boxes.indexOf(event.target);
    if (at < 0) return;
    if (key === "Delete") return this.#handled(event, () => this.#apply("delete"));
    if (key === "a" && (event.ctrlKey || event.metaKey))
      return this.#handled(event, () => this.#choose(() => this.#rows.toggleAll(this.#shown)));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.#boxes.length - 1 }[key];
    const next = this.#boxes[to];
    if (!next) return;
    this.#handled(event, () => {
      if (event.shiftKey) this.#choose(() => this.#rows.extendTo(next.value, this.#shown));
      next.focus();
    });
  }

  #handled(event, run) {
    event.preventDefault();
    event.stopPropagation();
    run();
  }

  #choose(change) {
    change();
    this.#show();
  }

  #show() {
    this.#rows.keep(this.#shown);
    for (const box of this.#boxes) box.checked = this.#rows.has(box.value);
    this.#rove(this.#boxes.find((box) => box === document.activeElement) ?? this.#boxes[0]);
    const count = this.#rows.ids.length;
    this.bar.querySelector("[data-count]").textContent = translate("selected", { count });
    for (const button of this.bar.querySelectorAll("[data-selected]")) button.disabled = !count;
    const archived = this.sidebar.querySelector("#search-form").elements.archived.value === "1";
    this.bar.querySelector("[data-selected=archive]").hidden = archived;
    this.bar.querySelector("[data-selected=unarchive]").hidden = !archived;
  }

  // One Tab reaches the list.
  #rove(current) {
    for (const box of this.#boxes) box.tabIndex = box === current ? 0 : -1;
  }

  async #apply(action) {
    const { ids } = this.#rows;
    if (!ids.length) return;
    try {
      const changed = await changeMany(action, ids);
      this.end();
      if (action === "delete" && ids.includes(page.conversation)) return leaveFor(goneAddress());
      const undo = { name: translate("undo"), run: () => this.#takeBack(REVERSE[action], changed.ids) };
      toast(changed.said, { action: changed.ids.length ? undo : null });
    } catch ({ message }) {
      toast(message);
    }
  }

  async #takeBack(action, ids) {
    try {
      toast((await changeMany(action, ids)).said);
    } catch ({ message }) {
      toast(message);
    }
    this.onend();
  }
}
