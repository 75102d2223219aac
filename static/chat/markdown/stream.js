// Renders a markdown text while it grows: final blocks stay as they are, only the open tail is made anew.

import { renderTokens } from "parley/lib/markdown.js";
import { MarkdownBlocks } from "parley/models/markdown_blocks.js";

export class MarkdownStream {
  #blocks = new MarkdownBlocks();
  #tail = [];

  constructor(container) {
    this.container = container;
    container.replaceChildren();
  }

  // Takes the whole text so far.
  grow(text) {
    const { settled, open } = this.#blocks.grow(text.replace(/\r\n?/g, "\n"));
    if (!settled.length && this.#growCode(open)) return;
    for (const node of this.#tail) node.remove();
    if (settled.length) this.container.append(renderTokens(settled, { colour: true }));
    const fragment = renderTokens(open);
    this.#tail = [...fragment.childNodes];
    this.container.append(fragment);
  }

  // A long code block only gets the text that is new; making it anew each time would cost more and more.
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
