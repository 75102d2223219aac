// The rows that a person has chosen in a list: one by one, in ranges, or all. No DOM.

export class SelectedRows {
  #chosen = new Set();
  #anchor = null;

  get ids() {
    return [...this.#chosen];
  }

  has(id) {
    return this.#chosen.has(id);
  }

  // Chooses a row or not; a range begins there.
  set(id, on) {
    if (on) this.#chosen.add(id);
    else this.#chosen.delete(id);
    this.#anchor = id;
  }

  // Gives the rows from the last one to `id` what the last one has. `shown`: the ids of all rows in their order.
  extendTo(id, shown) {
    const from = shown.indexOf(this.#anchor);
    if (from < 0) return this.set(id, true);
    const on = this.has(this.#anchor);
    const to = shown.indexOf(id);
    for (const each of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      if (on) this.#chosen.add(each);
      else this.#chosen.delete(each);
    }
  }

  // Chooses all rows that are shown, or none of them if all are chosen.
  toggleAll(shown) {
    const all = shown.every((id) => this.has(id));
    for (const id of shown) {
      if (all) this.#chosen.delete(id);
      else this.#chosen.add(id);
    }
    this.#anchor = null;
  }

  // Forgets the rows that are not shown any more: nothing happens to what a person does not see.
  keep(shown) {
    const there = new Set(shown);
    for (const id of this.#chosen) if (!there.has(id)) this.#chosen.delete(id);
    if (!there.has(this.#anchor)) this.#anchor = null;
  }

  clear() {
    this.#chosen.clear();
    this.#anchor = null;
  }
}
