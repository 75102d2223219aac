// Renders a Markdown text while it grows: final blocks stay in the page, only the tail is rendered again. What is right
// in the tail stays too, so that a reader can select in it and open its boxes.

import { patchChildren } from "parley/lib/patch.js";
import { highlightIn } from "parley/markdown/code_blocks.js";
import { MarkdownBlocks } from "parley/markdown/blocks.js";
import { renderFootnotes, renderTokens } from "parley/markdown/render.js";

export class MarkdownStream {
  #blocks = new MarkdownBlocks();
  // How many nodes of the container are final; those behind them are the tail.
  #final = 0;
  // The numbers of footnotes to which the final blocks refer.
  #numbers = new Map();

  constructor(container) {
    this.container = container;
    container.replaceChildren();
  }

  // `text`: the whole text so far. `growing`: more may come.
  grow(text, { growing = true } = {}) {
    const { reset, settled, open, notes } = this.#blocks.grow(text.replace(/\r\n?/g, "\n"), { growing });
    if (growing && !settled.length && !notes.size && this.#growCode(open)) return;
    if (reset) this.#forget();
    const before = this.#final;
    const fresh = renderTokens(settled, { numbers: this.#numbers });
    this.#final += fresh.childNodes.length;
    const numbers = new Map(this.#numbers);
    fresh.append(renderTokens(open, { numbers }), renderFootnotes(notes, { numbers }));
    const { childNodes } = this.container;
    patchChildren(this.container, fresh, childNodes[before] ?? null);
    // Code is coloured when it is complete.
    const complete = [...childNodes].slice(before, growing ? this.#final : undefined);
    for (const node of complete) if (node.nodeType === Node.ELEMENT_NODE) highlightIn(node);
  }

  get #tail() {
    return [...this.container.childNodes].slice(this.#final);
  }

  #forget() {
    this.#final = 0;
    this.#numbers.clear();
  }

  // Appends only the new text to a growing code block: rendering a long one again would take longer each time.
  #growCode(open) {
    const token = open.length === 1 ? open[0] : null;
    const code =
      token?.type === "code" && this.#tail.find((node) => node.className === "code")?.querySelector("code");
    const text = code && code.firstChild;
    if (!text || !token.text.startsWith(text.data)) return false;
    text.appendData(token.text.slice(text.length));
    return true;
  }
}
