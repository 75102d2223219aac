// One answer that is being written: a TurnState and the article that shows it.

import { fromTemplate } from "parley/lib/browser.js";
import { words } from "parley/lib/page.js";
import { Marks } from "parley/models/citations.js";
import { noticeWords } from "parley/models/notices.js";
import { TurnState } from "parley/models/turn_state.js";

const TICK = 250;

export class Answer {
  #nodes = new Map();
  #since = performance.now();

  constructor(article) {
    this.article = article;
    this.list = article.querySelector("[data-blocks]");
    this.notice = article.querySelector("[data-notice]");
    this.state = new TurnState({
      turn: article.dataset.turn,
      seq: Number(article.dataset.seq),
      blocks: this.#shownBlocks(),
      notice: readNotice(this.notice),
    });
    this.marks = new Marks(article.dataset.message, this.state.blocks.map(({ value }) => value).join("\n"));
    this.timer = setInterval(() => this.#showNotice(), TICK);
    this.#showNotice();
  }

  apply(event) {
    const noticeBefore = this.state.notice;
    const block = this.state.apply(event);
    if (block) this.#show(block, event);
    if (event.type === "turn.started") {
      this.article.dataset.message = this.marks.message = event.assistant_message;
    }
    if (this.state.notice !== noticeBefore) this.#since = performance.now();
    this.#showNotice();
  }

  end() {
    clearInterval(this.timer);
  }

  // Blocks that the server rendered: their text is the state from which later events go on.
  #shownBlocks() {
    return [...this.list.querySelectorAll("[data-block]")].map((node) => {
      const block = {
        message: this.article.dataset.message,
        index: Number(node.dataset.block),
        type: node.dataset.type,
        value: node.source ?? node.querySelector("[data-value]")?.textContent ?? "",
        open: "open" in node.dataset,
        citations: JSON.parse(node.dataset.citations ?? "[]"),
      };
      this.#nodes.set(block, node);
      return block;
    });
  }

  #show(block, event) {
    const node = this.#nodes.get(block) ?? this.#begin(block);
    const value = node.querySelector("[data-value]");
    if (event.type === "block.stop") this.#stop(node, block);
    else if (block.type === "text") node.grow(this.#sourceOf(node));
    else if (value) value.append(event.thinking ?? event.partial_json ?? event.text ?? "");
  }

  // Citations cut a text into blocks; neighbours are one text on the page.
  #sourceOf(node) {
    return this.state.blocks
      .filter((block) => this.#nodes.get(block) === node)
      .map((block) => block.value)
      .join("");
  }

  #begin(block) {
    const before = this.state.blocks[this.state.blocks.indexOf(block) - 1];
    if (block.type === "text" && before?.type === "text") {
      const shared = this.#nodes.get(before);
      this.#nodes.set(block, shared);
      return shared;
    }
    const known = document.getElementById(`block-${block.type}`) !== null;
    const node = fromTemplate(known ? `block-${block.type}` : "block-tool_use");
    node.dataset.block = block.index;
    const name = node.querySelector("[data-name]");
    if (name) name.textContent = block.name ?? block.type;
    this.list.append(node);
    this.#nodes.set(block, node);
    return node;
  }

  #stop(node, block) {
    delete node.dataset.open;
    if (block.type === "thinking") node.querySelector("[data-summary]").textContent = words("thought");
    if (block.type !== "text") return;
    block.value = this.marks.after(block.value, block.citations);
    node.grow(this.#sourceOf(node));
  }

  #showNotice() {
    const shown = noticeWords({
      notice: this.state.notice,
      hasBlocks: this.state.blocks.length > 0,
      since: this.#since,
      now: performance.now(),
    });
    const text = shown ? words(shown.key, { seconds: shown.seconds }) : "";
    const place = this.notice.querySelector("[data-text]");
    if (place.textContent !== text) place.textContent = text;
    // Until the first block comes there are at least the dots.
    this.notice.hidden = !text && this.state.blocks.length > 0;
  }
}

function readNotice(element) {
  const { code, seconds } = element.dataset;
  return code ? { code, seconds: seconds ? Number(seconds) : null } : null;
}
