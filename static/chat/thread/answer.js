// An answer that is being written: its TurnState, and the article that shows it.

import { announce } from "parley/lib/announcements.js";
import { translate } from "parley/lib/page.js";
import { patch } from "parley/lib/patch.js";
import { withoutSigns } from "parley/models/text/citations.js";
import { noticeText } from "parley/models/turn/notices.js";
import { TurnState } from "parley/models/turn/turn_state.js";
import { AnswerBlocks } from "parley/thread/answer_blocks.js";
import { foldAfterEnd } from "parley/thread/steps.js";
import { updateToolCard } from "parley/thread/tool_card.js";

const TICK_MS = 250;

export class Answer {
  // When the notice that is shown began, and when the last event arrived.
  #since = performance.now();
  #lastEventAt = performance.now();

  constructor(article) {
    this.article = article;
    this.list = article.querySelector("[data-blocks]");
    this.notice = article.querySelector("[data-notice]");
    this.blocks = new AnswerBlocks(this.list);
    this.state = new TurnState({
      turn: article.dataset.turn,
      seq: Number(article.dataset.seq),
      blocks: this.blocks.blocks,
      notice: readNotice(this.notice),
      tools: this.#readTools(),
    });
    this.timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  apply(arrived) {
    this.#lastEventAt = performance.now();
    const event = arrived.text ? { ...arrived, text: withoutSigns(arrived.text) } : arrived;
    const noticeBefore = this.state.notice;
    const changed = this.state.apply(event);
    if (changed?.tool_call) updateToolCard(this.list, changed, event);
    else if (changed) this.blocks.show(changed, event);
    if (event.type === "notice") this.#showModelChange(event);
    if (event.type === "turn.started") this.article.dataset.message = event.assistant_message;
    if (this.state.notice !== noticeBefore) this.#noticeChanged();
    if (event.type !== "block.delta") this.#showNotice();
  }

  // Shows the final form, as the server rendered it.
  finish(fresh) {
    this.end();
    patch(this.article, fresh);
    foldAfterEnd(this.article);
  }

  end() {
    clearInterval(this.timer);
  }

  #readTools() {
    return [...this.list.querySelectorAll("[data-tool-call]")].map(({ dataset }) => ({
      tool_call: dataset.toolCall,
      tool_use_id: dataset.toolUse,
      status: dataset.status,
    }));
  }

  // Says above the answer that another model took over, and removes the blocks of a model that refused. That a broken
  // answer goes on stands where it broke.
  #showModelChange(event) {
    if (!this.state.notices.includes(event)) return;
    const line = document.createElement("p");
    line.className = "message__model-change";
    line.textContent = translate(`became_${event.code}`, { before: event.from, after: event.to });
    if (event.after) this.list.append(line);
    else this.list.before(line);
    announce(line.textContent);
    this.blocks.keepOnly(this.state.blocks);
  }

  #noticeChanged() {
    this.#since = performance.now();
    const { notice } = this.state;
    const shown = notice && notice.code !== "decision" ? this.#noticeText() : null;
    if (shown) announce(shown);
  }

  #tick() {
    this.blocks.tick();
    this.#showNotice();
  }

  #noticeText() {
    const open = this.state.blocks.at(-1);
    const busyElsewhere = [...this.state.tools.values()].some(({ status }) =>
      ["running", "ready", "waiting"].includes(status),
    );
    const shown = noticeText({
      notice: this.state.notice,
      hasBlocks: this.state.blocks.length > 0,
      // A thought and a tool have lines of their own, which count.
      counts: busyElsewhere || Boolean(open?.open && open.type.endsWith("thinking")),
      since: this.#since,
      lastEventAt: this.#lastEventAt,
      now: performance.now(),
    });
    return shown ? translate(shown.key, { seconds: shown.seconds }) : "";
  }

  #showNotice() {
    const text = this.#noticeText();
    const element = this.notice.querySelector("[data-text]");
    if (element.textContent !== text) element.textContent = text;
    // Until the first block arrives, the dots at least are shown.
    this.notice.hidden = !text && this.state.blocks.length > 0;
  }
}

function readNotice(element) {
  const { code, seconds } = element.dataset;
  return code ? { code, seconds: seconds ? Number(seconds) : null } : null;
}
