// Renders a Markdown text while it grows: final blocks stay in the page, only the tail is rendered again. What is right
// in the tail stays too, so that a reader can select in it and open its boxes.

import { patchChildren } from "parley/lib/patch.js";
import { growCode, highlightIn } from "parley/markdown/code_blocks.js";
import { showFormulas } from "parley/markdown/formula_elements.js";
import { MarkdownBlocks } from "parley/markdown/parser/blocks.js";
import { growRows, moveRows, rowsFrom, rowsIn } from "parley/markdown/row_elements.js";
import { renderFootnotes, renderTokens } from "parley/markdown/render.js";

export class MarkdownStream {
  #blocks = new MarkdownBlocks();
  // How many nodes of the container are final; those behind them are the tail.
  #final = 0;
  // How many rows of the list or table with which the tail begins are final too.
  #rows = 0;
  // The numbers of footnotes to which the final blocks refer.
  #numbers = new Map();

  constructor(container) {
    this.container = container;
    container.replaceChildren();
  }

  // `text`: the whole text so far. `growing`: more may come.
  // Throws Error when a part of the text has changed that is final already.
  grow(text, { growing = true } = {}) {
    const grown = this.#blocks.grow(text.replace(/\r\n?/g, "\n"), { growing });
    if (growing && !grown.settled.length && !grown.notes.size && this.#growCode(grown.open)) return;
    if (grown.reset) this.#forget();
    const before = this.#final;
    const rowsBefore = this.#rows;
    this.#show(grown);
    this.#complete(before, rowsBefore, growing);
  }

  #show({ settled, open, notes }) {
    const continues = Boolean((settled[0] ?? open[0])?.continues);
    const fresh = renderTokens(settled, { numbers: this.#numbers });
    const partial = settled.at(-1)?.partial ? fresh.lastElementChild : null;
    const places = { rows: partial ? rowsIn(partial).length : 0, nodes: [...fresh.childNodes] };
    const numbers = new Map(this.#numbers);
    const tail = renderTokens(open, { numbers });
    if (partial) moveRows(tail, partial);
    fresh.append(tail, renderFootnotes(notes, { numbers }));
    let first = this.container.childNodes[this.#final] ?? null;
    if (continues) {
      const more = fresh.firstElementChild;
      growRows(first, more, this.#rows);
      more.remove();
      first = first.nextSibling;
    }
    patchChildren(this.container, fresh, first);
    this.#settle(settled, partial, places, continues);
  }

  #settle(settled, partial, { rows, nodes }, continues) {
    if (!settled.length) return;
    const same = continues && settled.length === 1 && partial;
    this.#rows = (same ? this.#rows : 0) + rows;
    this.#final += partial ? nodes.indexOf(partial) : nodes.length;
  }

  // Colours the code that is complete, and sets formulas in what is new.
  #complete(before, rowsBefore, growing) {
    const { childNodes } = this.container;
    const elements = [...childNodes].slice(before).filter((node) => node.nodeType === Node.ELEMENT_NODE);
    const final = growing ? this.#final - before : undefined;
    for (const node of [...childNodes].slice(before).slice(0, final)) {
      if (node.nodeType === Node.ELEMENT_NODE) highlightIn(node);
    }
    for (const [place, node] of elements.entries()) {
      const parts = place === 0 && rowsBefore ? rowsFrom(node, rowsBefore) : [node];
      for (const part of parts) showFormulas(part);
    }
  }

  get #tail() {
    return [...this.container.childNodes].slice(this.#final);
  }

  #forget() {
    this.#final = 0;
    this.#rows = 0;
    this.#numbers.clear();
  }

  // Appends only the new text to a growing code block: rendering a long one again would take longer each time.
  #growCode(open) {
    const token = open.length === 1 ? open[0] : null;
    const box = token?.open && this.#tail.find((node) => node.classList?.contains("code"));
    const code = box && box.querySelector("code");
    const text = code && code.firstChild;
    if (!text || !token.text.startsWith(text.data)) return false;
    growCode(code, token.text.slice(text.length));
    return true;
  }
}
