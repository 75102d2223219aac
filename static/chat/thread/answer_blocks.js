// The blocks of an answer that is being written, and the elements that show them.

import { fromTemplate } from "parley/lib/fragments.js";
import { page } from "parley/lib/page.js";
import { CitationMarks } from "parley/models/text/citations.js";
import { appendBlock, beginThought, endThought, refreshSteps, removeBlock } from "parley/thread/steps.js";
import { showServerResult, showToolTitle } from "parley/thread/tool_card.js";

const NEAR_END_PX = 40;

const isThinking = (type) => type === "thinking" || type === "redacted_thinking";

export class AnswerBlocks {
  #nodes = new Map();
  #marks;

  // `blocks`: those of the answer's TurnState; readBlocks returns the ones that the server rendered.
  constructor(list) {
    this.list = list;
    this.blocks = this.#readBlocks();
    this.#marks = new CitationMarks(this.blocks.map(({ value }) => value).join("\n"));
  }

  // Shows a block after an event that changed it.
  show(block, event) {
    const node = this.#nodes.get(block) ?? this.#create(block);
    const value = node.querySelector("[data-value]");
    if (event.type === "block.stop") this.#stop(node, block);
    else if (block.type === "text") node.grow(this.#sourceOf(node));
    else if (isThinking(block.type)) growThought(value, event.thinking ?? "");
    else if (value) value.append(event.thinking ?? event.partial_json ?? event.text ?? "");
  }

  // Removes the elements of blocks that are gone from `blocks`.
  keepOnly(blocks) {
    this.blocks = blocks;
    for (const [block, node] of this.#nodes) {
      if (blocks.includes(block)) continue;
      removeBlock(node);
      this.#nodes.delete(block);
    }
  }

  // Counts the seconds of the thought that is under way.
  tick() {
    refreshSteps(this.list.querySelector("[data-type=thinking][data-open]"));
  }

  // Later events continue from the text of the elements.
  #readBlocks() {
    return [...this.list.querySelectorAll("[data-block]")].map((node) => {
      const block = {
        message: node.dataset.message,
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

  // Citations divide a text into blocks; adjacent blocks are one text on the page.
  #sourceOf(node) {
    return this.blocks
      .filter((block) => this.#nodes.get(block) === node)
      .map((block) => block.value)
      .join("");
  }

  #create(block) {
    const node = this.#existingNode(block) ?? this.#append(block);
    this.#nodes.set(block, node);
    return node;
  }

  // Returns the element of another block that shows this block too, or null.
  #existingNode(block) {
    const before = this.blocks[this.blocks.indexOf(block) - 1];
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
    node.dataset.message = block.message;
    if (!known) node.dataset.type = block.type.endsWith("tool_use") ? "tool_use" : block.type;
    if (block.id) node.dataset.toolUse = block.id;
    if (type === "thinking") beginThought(node);
    const name = node.querySelector("[data-name]");
    if (name) name.textContent = block.name ? toolName(block) : block.type;
    const title = page.strings[`server_tool_${block.name}`];
    if (name && title && block.type === "server_tool_use") showToolTitle(node, title);
    appendBlock(this.list, node);
    return node;
  }

  #stop(node, block) {
    delete node.dataset.open;
    if (isThinking(block.type)) endThought(node, block);
    if (block.type !== "text") return;
    block.value = this.#marks.append(block.message, block.value, block.citations);
    if (block.citations?.length) node.dataset.cited = "";
    node.grow(this.#sourceOf(node));
  }
}

// Appends text and keeps the end in view for a reader who is there.
function growThought(value, text) {
  const atEnd = value.scrollHeight - value.scrollTop - value.clientHeight < NEAR_END_PX;
  value.append(text);
  if (atEnd) value.scrollTop = value.scrollHeight;
}

// Returns the name of a tool; a tool that the provider calls at an MCP server follows that server's name.
function toolName({ server_name: server, name }) {
  return server ? `${server} · ${name}` : name;
}
