// The source of an artifact with the numbers of its lines, of which some can be marked.

import { highlighted } from "parley/markdown/code_blocks.js";

const MAX_HIGHLIGHTED_CHARACTERS = 100_000;

export class SourceView {
  #anchor = 1;

  // `onmark({from, to})`: the reader marked lines, counted from 1.
  constructor(root, { onmark }) {
    this.root = root;
    this.onmark = onmark;
    this.numbers = root.querySelector("[data-numbers]");
    this.code = root.querySelector("code");
    this.band = root.querySelector("[data-band]");
    this.numbers.addEventListener("click", (event) => this.#pressed(event));
    for (const name of ["pointerup", "keyup"]) this.code.addEventListener(name, () => this.#selected());
  }

  async show({ text, language, title }) {
    this.text = text;
    this.root.setAttribute("aria-label", title || language);
    this.code.textContent = text;
    this.lines = text.replace(/\n$/, "").split("\n").length;
    this.numbers.textContent = Array.from({ length: this.lines }, (_, line) => line + 1).join("\n");
    this.root.scrollTop = 0;
    this.mark(null);
    if (!language || text.length > MAX_HIGHLIGHTED_CHARACTERS) return;
    const coloured = await highlighted(text, language);
    if (coloured && this.text === text) this.code.replaceChildren(coloured);
  }

  // Marks lines, or none. `reveal`: also bring them into view.
  mark(lines, { reveal = false } = {}) {
    this.band.hidden = !lines;
    if (!lines) return;
    const height = this.#lineHeight;
    this.band.style.insetBlockStart = `${this.#firstLine + (lines.from - 1) * height}px`;
    this.band.style.blockSize = `${(lines.to - lines.from + 1) * height}px`;
    if (reveal) this.band.scrollIntoView({ block: "nearest" });
  }

  // Where the first line begins, from the upper edge of the source.
  get #firstLine() {
    return (
      this.root.scrollTop + this.code.getBoundingClientRect().top - this.root.getBoundingClientRect().top
    );
  }

  get #lineHeight() {
    return Number.parseFloat(getComputedStyle(this.code).lineHeight);
  }

  // A press on a number marks its line; with Shift, all lines from the one before.
  #pressed(event) {
    const line =
      Math.floor((event.clientY - this.numbers.getBoundingClientRect().top) / this.#lineHeight) + 1;
    const pressed = Math.min(Math.max(line, 1), this.lines);
    if (!event.shiftKey) this.#anchor = pressed;
    this.onmark({ from: Math.min(this.#anchor, pressed), to: Math.max(this.#anchor, pressed) });
  }

  // Selected text marks its lines.
  #selected() {
    const selection = getSelection();
    if (selection.isCollapsed || !selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    if (!this.code.contains(range.commonAncestorContainer)) return;
    const before = document.createRange();
    before.setStart(this.code, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const from = before.toString().split("\n").length;
    const extent = range.toString().replace(/\n$/, "").split("\n").length;
    this.#anchor = from;
    this.onmark({ from, to: Math.min(from + extent - 1, this.lines) });
  }
}
