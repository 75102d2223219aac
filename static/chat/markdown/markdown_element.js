// <parley-markdown>raw text</parley-markdown> shows its text rendered. With data-open the text may still grow.

import { patchChildren } from "parley/lib/patch.js";
import { highlightIn } from "parley/markdown/code_blocks.js";
import { showFormulas } from "parley/markdown/formula_elements.js";
import { renderMarkdown } from "parley/markdown/render.js";
import { MarkdownStream } from "parley/markdown/stream.js";

// A pause of four times the last rendering: rendering takes at most a fifth of the time, however long the text is.
const PAUSE_FACTOR = 4;

class ParleyMarkdown extends HTMLElement {
  #stream = null;
  #pausedUntil = 0;
  #scheduled = false;
  #settled = false;

  connectedCallback() {
    if (this.source !== undefined) return;
    this.source = this.textContent;
    if ("open" in this.dataset) this.#render();
    else {
      this.replaceChildren(renderMarkdown(this.source));
      showFormulas(this);
    }
  }

  // Shows the whole text so far with the next free frame.
  grow(text) {
    this.source = text;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(
      () => requestAnimationFrame(() => this.#render()),
      Math.max(0, this.#pausedUntil - performance.now()),
    );
  }

  // Shows the final text. Nodes that are right already stay, with the reader's selection and scroll positions.
  settle(text) {
    if (text === this.source && !this.#stream) return;
    this.source = text;
    this.#settled = true;
    if (this.#settlesStream()) return;
    patchChildren(this, renderMarkdown(text, { highlight: false }));
    highlightIn(this);
    showFormulas(this);
  }

  // Returns whether the end of the stream is the final form: then only its tail is rendered again.
  #settlesStream() {
    try {
      this.#stream?.grow(this.source, { growing: false });
      return Boolean(this.#stream);
    } catch {
      return false; // the final text is another one
    }
  }

  #render() {
    this.#scheduled = false;
    if (!this.isConnected || this.#settled) return;
    const began = performance.now();
    this.#stream ??= new MarkdownStream(this);
    this.#stream.grow(this.source, { growing: "open" in this.dataset });
    // Forces the layout here, so that it is part of the measured time.
    this.getBoundingClientRect();
    const ended = performance.now();
    this.#pausedUntil = ended + PAUSE_FACTOR * (ended - began);
  }
}

export function defineMarkdownElement() {
  customElements.define("parley-markdown", ParleyMarkdown);
}
