// One conversation in one page: the socket's messages go to the thread, the person's wishes to the socket.

import { Composer } from "parley/components/composer.js";
import { ConnectionStatus } from "parley/components/connection.js";
import { showTitle } from "parley/components/dialogs.js";
import { Gauge } from "parley/components/gauge.js";
import { Outgoing } from "parley/components/outgoing.js";
import { Scroll } from "parley/components/scroll.js";
import { ThreadView } from "parley/components/thread.js";
import { decisionOf, showProblem } from "parley/components/tool_card.js";
import { newId } from "parley/lib/browser.js";
import { page, words } from "parley/lib/page.js";
import { pageSocket } from "parley/lib/page_socket.js";
import { Drafts } from "parley/models/drafts.js";
import { APPLY, Follower, LOOK, RESUME } from "parley/models/follower.js";
import { Outbox } from "parley/models/outbox.js";

const GONE = 4404;
const REFUSED = 4403;

export class Chat {
  #opened = false;
  #wantedStop = null;

  constructor({ sidebar, storage }) {
    this.sidebar = sidebar;
    this.status = new ConnectionStatus();
    this.gauge = new Gauge(document.getElementById("choice"));
    this.composer = new Composer({
      conversation: page.conversation,
      drafts: new Drafts(storage, page.person),
      storage,
      onsend: (message) => this.start(message),
      onstop: (turn) => this.stop(turn),
      ondraft: (text) => this.gauge.draft(text),
    });
    this.follower = page.conversation ? new Follower(page.conversation) : null;
    this.thread = new ThreadView({ onlive: (live) => this.#lives(live) });
    this.socket = pageSocket({
      onopen: () => this.#resume(),
      onmessage: (message) => this.#receive(message),
      onstatus: (name) => this.status.show(name),
      onfinal: (code) => this.#final(code),
    });
    this.outgoing = new Outgoing({
      outbox: new Outbox(storage, page.person, { page: newId() }),
      send: (message) => this.socket.send(message),
    });
    this.thread.adopt();
    this.outgoing.inherit((message) => this.#adopts(message));
    this.scroll = new Scroll();
    this.#listen();
    this.socket.open();
  }

  get path() {
    return this.thread.conversation ? `/c/${this.thread.conversation}` : "/";
  }

  start({ text, choice, attachments = [] }) {
    const [kind, id] = choice.split(":");
    if (!this.thread.conversation) this.thread.begin(null);
    this.outgoing.post({
      type: "turn.start",
      conversation: this.thread.conversation,
      assistant: kind === "assistant" ? id : null,
      model: kind === "model" ? id : null,
      parent: null,
      text,
      attachments,
    });
    this.scroll.toEnd();
  }

  stop(turn) {
    if (!this.socket.send({ type: "turn.stop", turn })) this.#wantedStop = turn;
  }

  // htmx may have put another thread in place: another version of a message was chosen.
  adoptReplaced() {
    if (this.thread.root === this.thread.shown) return;
    this.thread.adopt();
    this.scroll.watch();
    this.socket.send(this.follower.subscription());
  }

  // An earlier visit left this unsent. Says whether it belongs to the conversation here, which then has begun.
  #adopts({ type, conversation }) {
    const own = type === "turn.start" && conversation === this.thread.conversation;
    if (own) this.thread.begin(conversation);
    return own;
  }

  #listen() {
    document.addEventListener("click", ({ target }) => {
      this.#asked(target.closest?.("[data-retry], [data-continue]"));
      const decision = decisionOf(target);
      if (decision && !this.socket.send(decision)) this.composer.showError(words("pending"));
    });
  }

  #asked(button) {
    if (!button || this.composer.busy) return;
    const { retry, continue: rest, model = null } = button.dataset;
    button.disabled = true;
    if (rest) this.outgoing.post({ type: "turn.continue", turn: rest });
    else this.outgoing.post({ type: "turn.retry", turn: retry, model });
    this.scroll.toEnd();
  }

  // The line is open (again): go on exactly where this page is, and repeat what nobody has acknowledged.
  #resume() {
    if (this.thread.conversation) {
      this.socket.send(this.follower.subscription());
      if (this.#opened && !this.follower.turn) this.#reload({ ifNewer: true });
    }
    if (this.#wantedStop) this.stop(this.#wantedStop);
    this.#wantedStop = null;
    this.#opened = true;
    this.outgoing.repeat();
  }

  #receive(message) {
    const handlers = {
      "turn.accepted": () => this.#accepted(message),
      "conversation.updated": () => this.#updated(message),
      "conversation.deleted": () => this.#isOwn(message) && this.#leave(),
      refresh: () => this.#isOwn(message) && this.#reload(),
      error: () => this.#refused(message),
    };
    const handle = handlers[message.type];
    if (handle) handle();
    else if ("seq" in message && this.follower) this.#turnEvent(message);
  }

  #turnEvent(event) {
    // While the thread is read anew, its state is ahead of what comes in; it is picked up afterwards.
    if (this.thread.loading) return;
    const verdict = this.follower.take(event);
    if (verdict === APPLY && event.type === "usage") this.gauge.usage(event.usage, this.thread.root);
    if (verdict === LOOK) this.#reload({ ifNewer: true });
    else if (verdict === RESUME) this.socket.send(this.follower.subscription());
    else if (verdict === APPLY && !this.thread.apply(event)) this.#reload();
  }

  async #accepted(message) {
    await this.thread.loading;
    const mine = this.outgoing.settle(message.client_id);
    if (mine && !this.thread.conversation) this.#moveTo(message.conversation);
    if (message.conversation !== this.thread.conversation) {
      this.follower?.pass(message.turn);
      this.sidebar.stale();
      return;
    }
    if (!this.follower.follow(message.turn)) return;
    this.thread.accept(message);
    this.scroll.watch();
    if (mine) this.scroll.toEnd();
  }

  // The first message of a new conversation was accepted: this page is that conversation from now on.
  #moveTo(conversation) {
    this.thread.begin(conversation);
    history.pushState(null, "", this.path);
    this.composer.moveTo(conversation);
    this.sidebar.moveTo(conversation);
    this.follower = new Follower(conversation);
    this.socket.send(this.follower.subscription());
  }

  #updated({ conversation, title }) {
    if (conversation === this.thread.conversation && title) showTitle(title);
    this.sidebar.stale();
  }

  #isOwn({ conversation }) {
    return conversation === this.thread.conversation;
  }

  // The conversation is gone.
  #leave() {
    location.assign("/");
  }

  #refused({ client_id: clientId, tool_call: toolCall, code, message, ...about }) {
    if (toolCall) {
      showProblem(toolCall, message);
      return;
    }
    // A subscription was refused.
    if (code === "not_found" && !clientId && this.#isOwn(about)) this.#leave();
    const mine = clientId ? this.outgoing.settle(clientId) : null;
    for (const button of document.querySelectorAll("[data-retry]:disabled, [data-continue]:disabled")) {
      button.disabled = false;
    }
    if (mine?.type === "turn.start") this.composer.giveBack(mine.text, mine.attachments);
    if (mine) this.thread.refuse();
    this.composer.showError(message);
  }

  async #reload(options) {
    await this.thread.reload(options);
    this.scroll.watch();
    this.socket.send(this.follower.subscription());
  }

  // Another answer, or none, is being written in what the page shows.
  #lives(live) {
    this.composer.busy = live?.turn ?? null;
    this.gauge.read(this.thread.root);
    this.follower?.jump(live);
  }

  #final(code) {
    if (code === REFUSED) this.status.refuse();
    else if (code === GONE) this.#leave();
    // Who is still signed in and only lost some right comes right back, to a page that knows it.
    else location.assign(`${page.login}?${new URLSearchParams({ next: location.pathname })}`);
  }
}
