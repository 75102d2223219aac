// The state of a turn after its first `seq` events: the same fold as the server's TurnState.

export class GapError extends Error {}

const LASTING_NOTICES = ["failover", "fallback", "continued"];
// About the person's money; the page shows it beside the message field.
export const BUDGET_NOTICE = "budget_soft";
const DELTA_KEYS = ["text", "thinking", "partial_json"];

export class TurnState {
  constructor({ turn, seq = 0, blocks = [], notice = null, tools = [] } = {}) {
    this.turn = turn;
    this.seq = seq;
    this.blocks = blocks;
    this.notice = notice;
    // Tool calls by id, each with the merged fields of its events.
    this.tools = new Map(tools.map((tool) => [tool.tool_call, tool]));
    this.notices = [];
    this.status = "queued";
    this.model = "";
    this.usage = null;
    this.error = null;
  }

  get finished() {
    return !["queued", "running", "waiting"].includes(this.status);
  }

  // Returns the changed block or tool call, or null. Throws GapError when an event before this one is missing.
  apply(event) {
    if (event.seq !== this.seq + 1) throw new GapError(`event ${event.seq} after ${this.seq}`);
    this.seq = event.seq;
    return (APPLY[event.type] ?? applyTool)(this, event) ?? null;
  }

  block(index) {
    return this.blocks.findLast((block) => block.index === index) ?? null;
  }
}

// Removes the blocks of a model that refused: another model answers.
function fallBack(state, { message }) {
  state.blocks = state.blocks.filter((block) => block.message !== message);
}

// tool.requested, tool.decided, tool.started and tool.finished carry a tool_call; other unknown events are ignored.
function applyTool(state, event) {
  if (!event.tool_call) return null;
  const tool = { ...state.tools.get(event.tool_call), ...event };
  if (event.type === "tool.started") tool.status = "running";
  state.tools.set(event.tool_call, tool);
  return tool;
}

const APPLY = {
  "turn.started"(state, event) {
    state.status = "running";
    state.model = event.model;
  },

  "block.start"(state, event) {
    state.notice = null;
    const block = { message: event.message, index: event.index, ...event.block, value: "", open: true };
    state.blocks.push(block);
    return block;
  },

  "block.delta"(state, event) {
    const block = state.block(event.index);
    if (!block) return null;
    for (const key of DELTA_KEYS) if (key in event) block.value += event[key];
    if ("citation" in event) block.citations = [...(block.citations ?? []), event.citation];
    return block;
  },

  "block.stop"(state, event) {
    const block = state.block(event.index);
    if (!block) return null;
    block.open = false;
    if ("seconds" in event) block.seconds = event.seconds;
    return block;
  },

  notice(state, event) {
    if (LASTING_NOTICES.includes(event.code)) {
      state.notices.push(event);
      if (event.code === "fallback") fallBack(state, event);
    } else if (event.code !== BUDGET_NOTICE) state.notice = { code: event.code, seconds: event.seconds };
  },

  "turn.waiting"(state) {
    state.status = "waiting";
    state.notice = { code: "decision" };
  },

  "turn.resumed"(state) {
    state.status = "running";
    state.notice = null;
  },

  usage(state, event) {
    state.usage = event;
  },

  "turn.finished"(state, event) {
    state.status = event.status;
    state.error = event.error;
    state.notice = null;
  },
};
