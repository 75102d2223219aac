// Renders a markdown text while it grows: final blocks stay in the page, only the tail is rendered again.

import { renderTokens } from "parley/markdown/render.js";
import { MarkdownBlocks } from "parley/models/markdown_blocks.js";

export class MarkdownStream {
  #blocks = new MarkdownBlocks();
  #tail = [];

  constructor(container) {
    this.container = container;
    container.replaceChildren();
  }

  // `text`: the whole text so far.
  grow(text) {
    const { settled, open } = this.#blocks.grow(text.replace(/\r\n?/g, "\n"));
    if (!settled.length && this.#growCode(open)) return;
    for (const node of this.#tail) node.remove();
    if (settled.length) this.container.append(renderTokens(settled, { highlight: true }));
    const fragment = renderTokens(open);
    this.#tail = [...fragment.childNodes];
    this.container.append(fragment);
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
