// One answer that is being written: a TurnState and the article that shows it.

import { endThoughts, growThoughts, isThinking } from "parley/components/thinking.js";
import { showServerResult, showTitle, showTool } from "parley/components/tool_card.js";
import { fromTemplate } from "parley/lib/browser.js";
import { page, words } from "parley/lib/page.js";
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
      tools: this.#shownTools(),
    });
    this.marks = new Marks(article.dataset.message, this.state.blocks.map(({ value }) => value).join("\n"));
    this.timer = setInterval(() => this.#showNotice(), TICK);
    this.#showNotice();
  }

  apply(event) {
    const noticeBefore = this.state.notice;
    const changed = this.state.apply(event);
    if (changed?.tool_call) showTool(this.list, changed);
    else if (changed) this.#show(changed, event);
    if (event.type === "notice") this.#became(event);
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

  #shownTools() {
    return [...this.list.querySelectorAll("[data-tool-call]")].map(({ dataset }) => ({
      tool_call: dataset.toolCall,
      tool_use_id: dataset.toolUse,
      status: dataset.status,
    }));
  }

  // A notice that lasts stands above the answer; what a model wrote that refused goes.
  #became(event) {
    if (!this.state.notices.includes(event)) return;
    const line = document.createElement("p");
    line.className = "message__became";
    line.textContent = words(`became_${event.code}`, { before: event.from, after: event.to });
    this.list.before(line);
    for (const [block, node] of this.#nodes) {
      if (this.state.blocks.includes(block)) continue;
      node.remove();
      this.#nodes.delete(block);
    }
  }

  #show(block, event) {
    const node = this.#nodes.get(block) ?? this.#begin(block);
    const value = node.querySelector("[data-value]");
    if (event.type === "block.stop") this.#stop(node, block);
    else if (block.type === "text") node.grow(this.#sourceOf(node));
    else if (isThinking(block.type)) growThoughts(node, event.thinking ?? "");
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
    if (block.type === "text" && before?.type === "text" && before.message === block.message) {
      const shared = this.#nodes.get(before);
      this.#nodes.set(block, shared);
      return shared;
    }
    const answered = block.type === "mcp_tool_result" ? showServerResult(this.list, block) : null;
    if (answered) {
      this.#nodes.set(block, answered);
      return answered;
    }
    const type = isThinking(block.type) ? "thinking" : block.type;
    const known = document.getElementById(`block-${type}`) !== null;
    const node = fromTemplate(known ? `block-${type}` : "block-tool_use");
    node.dataset.block = block.index;
    if (block.id) node.dataset.toolUse = block.id;
    const name = node.querySelector("[data-name]");
    if (name) name.textContent = block.name ? toolName(block) : block.type;
    const title = page.strings[`server_tool_${block.name}`];
    if (name && title && block.type === "server_tool_use") showTitle(node, title);
    this.list.append(node);
    this.#nodes.set(block, node);
    return node;
  }

  #stop(node, block) {
    delete node.dataset.open;
    if (isThinking(block.type)) endThoughts(node, block.value);
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

// A tool that the provider calls at an MCP server stands behind that server's name.
function toolName({ server_name: server, name }) {
  return server ? `${server} · ${name}` : name;
}

function readNotice(element) {
  const { code, seconds } = element.dataset;
  return code ? { code, seconds: seconds ? Number(seconds) : null } : null;
}
