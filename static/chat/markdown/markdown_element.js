// Custom elements: they bring themselves to life however they come into the page.

import { renderMarkdown } from "parley/lib/markdown.js";
import { MarkdownStream } from "parley/lib/markdown_stream.js";
import { page } from "parley/lib/page.js";

// Rendering takes at most a fifth of the time, however long the text is.
const BREATH = 4;

// <parley-markdown>raw text</parley-markdown>; with data-open the text may still grow.
class ParleyMarkdown extends HTMLElement {
  #stream = null;
  #restUntil = 0;
  #waiting = false;

  connectedCallback() {
    if (this.source !== undefined) return;
    this.source = this.textContent;
    if ("open" in this.dataset) this.#render();
    else this.replaceChildren(renderMarkdown(this.source));
  }

  // Takes the whole text so far and shows it with the next frame that is free.
  grow(text) {
    this.source = text;
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(
      () => requestAnimationFrame(() => this.#render()),
      Math.max(0, this.#restUntil - performance.now()),
    );
  }

  #render() {
    this.#waiting = false;
    if (!this.isConnected) return;
    const began = performance.now();
    this.#stream ??= new MarkdownStream(this);
    this.#stream.grow(this.source);
    // The layout that this makes necessary counts as well; the coming frame finds it done.
    this.getBoundingClientRect();
    const ended = performance.now();
    this.#restUntil = ended + BREATH * (ended - began);
  }
}

// <parley-time datetime="…"> shows a moment in the viewer's own time zone.
class ParleyTime extends HTMLElement {
  connectedCallback() {
    const moment = new Date(this.getAttribute("datetime"));
    const form = new Intl.DateTimeFormat(page.language, { dateStyle: "medium", timeStyle: "short" });
    this.textContent = form.format(moment);
  }
}

export function defineElements() {
  customElements.define("parley-markdown", ParleyMarkdown);
  customElements.define("parley-time", ParleyTime);
}
