// An answer that is being written: its TurnState, and the article that shows it.

import { fromTemplate } from "parley/lib/fragments.js";
import { page, translate } from "parley/lib/page.js";
import { CitationMarks } from "parley/models/citations.js";
import { noticeText } from "parley/models/notices.js";
import { TurnState } from "parley/models/turn_state.js";
import { endThinking, growThinking, isThinking } from "parley/thread/thinking.js";
import { showServerResult, showToolTitle, updateToolCard } from "parley/thread/tool_card.js";

const NOTICE_EVERY_MS = 250;

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
      blocks: this.#readBlocks(),
      notice: readNotice(this.notice),
      tools: this.#readTools(),
    });
    const text = this.state.blocks.map(({ value }) => value).join("\n");
    this.marks = new CitationMarks(article.dataset.message, text);
    this.timer = setInterval(() => this.#showNotice(), NOTICE_EVERY_MS);
    this.#showNotice();
  }

  apply(event) {
    const noticeBefore = this.state.notice;
    const changed = this.state.apply(event);
    if (changed?.tool_call) updateToolCard(this.list, changed);
    else if (changed) this.#show(changed, event);
    if (event.type === "notice") this.#showModelChange(event);
    if (event.type === "turn.started") {
      this.article.dataset.message = this.marks.message = event.assistant_message;
    }
    if (this.state.notice !== noticeBefore) this.#since = performance.now();
    this.#showNotice();
  }

  end() {
    clearInterval(this.timer);
  }

  // Reads the blocks that the server rendered. Later events continue from their text.
  #readBlocks() {
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

  #readTools() {
    return [...this.list.querySelectorAll("[data-tool-call]")].map(({ dataset }) => ({
      tool_call: dataset.toolCall,
      tool_use_id: dataset.toolUse,
      status: dataset.status,
    }));
  }

  // Says above the answer that another model took over, and removes the blocks of a model that refused.
  #showModelChange(event) {
    if (!this.state.notices.includes(event)) return;
    const line = document.createElement("p");
    line.className = "message__model-change";
    line.textContent = translate(`became_${event.code}`, { before: event.from, after: event.to });
    this.list.before(line);
    for (const [block, node] of this.#nodes) {
      if (this.state.blocks.includes(block)) continue;
      node.remove();
      this.#nodes.delete(block);
    }
  }

  #show(block, event) {
    const node = this.#nodes.get(block) ?? this.#create(block);
    const value = node.querySelector("[data-value]");
    if (event.type === "block.stop") this.#stop(node, block);
    else if (block.type === "text") node.grow(this.#sourceOf(node));
    else if (isThinking(block.type)) growThinking(node, event.thinking ?? "");
    else if (value) value.append(event.thinking ?? event.partial_json ?? event.text ?? "");
  }

  // Citations divide a text into blocks; adjacent blocks are one text on the page.
  #sourceOf(node) {
    return this.state.blocks
      .filter((block) => this.#nodes.get(block) === node)
      .map((block) => block.value)
      .join("");
  }

  #create(block) {
    const node = this.#existingNode(block) ?? this.#append(block);
    this.#nodes.set(block, node);
    return node;
  }

  // Returns the node of another block that shows this block too, or null.
  #existingNode(block) {
    const before = this.state.blocks[this.state.blocks.indexOf(block) - 1];
    if (block.type === "text" && before?.type === "text" && before.message === block.message) {
      return this.#nodes.get(before);
    }
    return block.type === "mcp_tool_result" ? showServerResult(this.list, block) : null;
  }

  #append(block) {
    const type = isThinking(block.type) ? "thinking" : block.type;
    const known = document.getElementById(`block-${type}`) !== null;
    const node = fromTemplate(known ? `block-${type}` : "block-tool_use");
    node.dataset.block = block.index;
    if (block.id) node.dataset.toolUse = block.id;
    const name = node.querySelector("[data-name]");
    if (name) name.textContent = block.name ? toolName(block) : block.type;
    const title = page.strings[`server_tool_${block.name}`];
    if (name && title && block.type === "server_tool_use") showToolTitle(node, title);
    this.list.append(node);
    return node;
  }

  #stop(node, block) {
    delete node.dataset.open;
    if (isThinking(block.type)) endThinking(node, block.value);
    if (block.type !== "text") return;
    block.value = this.marks.append(block.value, block.citations);
    node.grow(this.#sourceOf(node));
  }

  #showNotice() {
    const shown = noticeText({
      notice: this.state.notice,
      hasBlocks: this.state.blocks.length > 0,
      since: this.#since,
      now: performance.now(),
    });
    const text = shown ? translate(shown.key, { seconds: shown.seconds }) : "";
    const element = this.notice.querySelector("[data-text]");
    if (element.textContent !== text) element.textContent = text;
    // Until the first block arrives, the dots at least are shown.
    this.notice.hidden = !text && this.state.blocks.length > 0;
  }
}

// Returns the name of a tool; a tool that the provider calls at an MCP server follows that server's name.
function toolName({ server_name: server, name }) {
  return server ? `${server} · ${name}` : name;
}

function readNotice(element) {
  const { code, seconds } = element.dataset;
  return code ? { code, seconds: seconds ? Number(seconds) : null } : null;
}
