// The conversation on this page: passes the socket's messages to the thread, and the user's requests to the socket.

import { Composer } from "parley/composer/composer.js";
import { ContextGauge } from "parley/composer/context_gauge.js";
import { goneAddress, leaveFor } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";
import { pageSocket } from "parley/lib/page_socket.js";
import { newId } from "parley/lib/uuid.js";
import { Drafts } from "parley/models/message/drafts.js";
import { Outbox } from "parley/models/message/outbox.js";
import { APPLY, RELOAD, RESUBSCRIBE, Subscription } from "parley/models/turn/subscription.js";
import { BUDGET_NOTICE } from "parley/models/turn/turn_state.js";
import { BudgetLine } from "parley/composer/budget_line.js";
import { ConnectionStatus } from "parley/shell/connection_status.js";
import { showConversationTitle } from "parley/shell/dialogs.js";
import { TemporaryChat } from "parley/shell/temporary_chat.js";
import { Notifications } from "parley/shell/notifications.js";
import { askInstead } from "parley/thread/ask_instead.js";
import { Comparison } from "parley/thread/comparison.js";
import { showFoundMessage } from "parley/thread/found_message.js";
import { PendingRequests } from "parley/thread/pending_requests.js";
import { Scroll } from "parley/thread/scroll.js";
import { ThreadView } from "parley/thread/thread.js";
import { decisionFrom, showToolProblem } from "parley/thread/tool_decision.js";
import { chosen, enableTurnButtons, turnRequestFrom } from "parley/thread/turn_buttons.js";

// The next answer of a comparison is announced as soon as the one before it has ended. Later the page looks for itself:
// it may have missed the announcement while it had no connection.
const NEXT_WITHIN_MS = 3000;

export class Chat {
  #opened = false;
  #nextTimer = null;
  #stopWhenOpen = null;

  // `storage`: choices that last; `messages`: what is not sent yet (MessageStorage).
  constructor({ sidebar, storage, messages }) {
    this.sidebar = sidebar;
    this.status = new ConnectionStatus();
    this.gauge = new ContextGauge({
      picker: document.getElementById("choice"),
      request: () => ({
        conversation: this.thread.conversation,
        project: page.project,
        ...this.composer.request,
      }),
    });
    this.composer = new Composer({
      conversation: page.conversation,
      drafts: new Drafts(messages, page.person),
      onsend: (message) => this.start(message),
      onstop: (turn) => this.stop(turn),
      ondraft: (text, fileTokens) => this.gauge.draft(text, fileTokens),
    });
    this.gauge.onoverfull = (text) => this.composer.block(text);
    this.temporary = new TemporaryChat({ onswitch: (change) => this.composer.keepElsewhere(change) });
    this.budget = new BudgetLine(storage);
    this.notifications = new Notifications(storage);
    this.comparison = new Comparison();
    this.subscription = page.conversation ? new Subscription(page.conversation) : null;
    this.thread = new ThreadView({ onlive: (live) => this.#liveChanged(live) });
    this.socket = pageSocket({
      onopen: () => this.#resume(),
      onmessage: (message) => this.#receive(message),
      onstatus: (name) => this.status.show(name),
      onrefused: () => this.status.refuse(),
      ontoolarge: (message) => this.#refused(message),
    });
    this.requests = new PendingRequests({
      outbox: new Outbox(messages, page.person, { page: newId() }),
      send: (message) => this.socket.send(message),
      ontoolarge: (message) => this.#refused(message),
    });
    this.thread.attach();
    this.requests.takeOver((message) => this.#takesOver(message));
    this.scroll = new Scroll();
    showFoundMessage(this.thread.root, () => this.scroll.leaveEnd());
    this.#listen();
    this.socket.open();
    this.composer.start();
  }

  get path() {
    return this.thread.conversation ? `/c/${this.thread.conversation}` : "/";
  }

  start({ text, options, attachments, parent, others = [] }) {
    if (!this.thread.conversation) this.thread.begin(null);
    this.#post({
      type: "turn.start",
      conversation: this.thread.conversation,
      project: this.thread.conversation ? null : page.project,
      parent,
      text,
      attachments,
      ...(page.temporary && { temporary: true }),
      ...(others.length && { compare_with: others.map(chosen) }),
      ...options,
    });
  }

  stop(turn) {
    this.comparison.drop();
    if (!this.socket.send({ type: "turn.stop", turn })) this.#stopWhenOpen = turn;
    // Between two answers of a comparison nothing is being written.
    if (!this.thread.answer) this.#liveChanged(null);
  }

  // htmx may have replaced the thread: the user chose another version of a message.
  attachReplaced() {
    if (this.thread.root === this.thread.attached) return;
    this.thread.attach();
    this.scroll.watch();
    this.socket.send(this.subscription.request());
  }

  // A closed page has not sent this message. Returns whether it belongs to the conversation here, which then begins.
  #takesOver({ type, conversation }) {
    const own = type === "turn.start" && conversation === this.thread.conversation;
    if (own) this.thread.begin(conversation);
    return own;
  }

  #listen() {
    document.addEventListener("click", ({ target }) => {
      const request = this.composer.busy ? null : turnRequestFrom(target);
      if (request) this.#post(request);
      const decision = decisionFrom(target);
      if (decision && !this.socket.send(decision)) this.composer.showError(translate("pending"));
    });
  }

  #post(request) {
    this.requests.post(request);
    this.scroll.toEnd();
  }

  // The socket is open (again): continue after the last event of this page, and resend unacknowledged messages.
  #resume() {
    if (this.thread.conversation) {
      this.socket.send(this.subscription.request());
      // The page before this one may have said only now that it was left, as a reload does.
      this.temporary.stay();
      if (this.#opened && !this.subscription.turn && !this.thread.isPart) this.#reload({ ifNewer: true });
    }
    if (this.#stopWhenOpen) this.stop(this.#stopWhenOpen);
    this.#stopWhenOpen = null;
    if (this.#opened) this.sidebar.refresh();
    this.#opened = true;
    this.requests.resend();
  }

  #receive(message) {
    const handlers = {
      "turn.accepted": () => this.#accepted(message),
      "conversation.updated": () => this.#updated(message),
      "conversation.deleted": () => this.#isOwn(message) && leaveFor(goneAddress()),
      refresh: () => this.#isOwn(message) && this.#reload(),
      error: () => this.#refused(message),
    };
    const handle = handlers[message.type];
    if (handle) handle();
    else if ("seq" in message && this.subscription) this.#turnEvent(message);
  }

  #turnEvent(event) {
    // While the thread reloads, events are ignored: its new state is ahead of them, and #reload subscribes again.
    // A part of the path does not show the answer that is being written.
    if (this.thread.loading || this.thread.isPart) return;
    const action = this.subscription.check(event);
    if (action === APPLY && event.type === "turn.started") this.comparison.started();
    if (action === APPLY && event.type === "turn.finished" && event.status === "stopped")
      this.comparison.drop();
    if (action === APPLY && event.type === "usage") this.gauge.usage(event.usage, this.thread.root);
    if (action === APPLY) this.notifications.handle(event);
    if (action === APPLY && event.code === BUDGET_NOTICE) this.budget.refresh();
    if (action === RELOAD) this.#reload({ ifNewer: true });
    else if (action === RESUBSCRIBE) this.socket.send(this.subscription.request());
    else if (action === APPLY && !this.thread.apply(event)) this.#reload();
  }

  async #accepted(message) {
    await this.thread.loading;
    const mine = this.requests.settle(message.client_id)?.own;
    if (mine && !this.thread.conversation) this.#moveTo(message.conversation);
    if (message.conversation !== this.thread.conversation) {
      this.subscription?.ignore(message.turn);
      this.sidebar.refresh();
      return;
    }
    if (!this.subscription.follow(message.turn)) return;
    // The next answer of a comparison takes the place of the one before it, as after Retry.
    const isNext = this.comparison.goesOn;
    this.thread.accept(message, { focus: isNext || (Boolean(mine) && mine.type !== "turn.start") });
    await this.thread.loading;
    this.scroll.watch();
    if (mine || isNext) this.scroll.toEnd();
  }

  // The first message of a new conversation was accepted: this page shows that conversation from now on.
  #moveTo(conversation) {
    this.thread.begin(conversation);
    history.pushState(null, "", this.path);
    this.composer.moveTo(conversation);
    this.sidebar.moveTo(conversation);
    this.temporary.begun();
    this.subscription = new Subscription(conversation);
    this.socket.send(this.subscription.request());
  }

  #updated({ conversation, title }) {
    if (conversation === this.thread.conversation) {
      if (title) showConversationTitle(title);
      this.temporary.stay();
    }
    this.sidebar.refresh();
  }

  #isOwn({ conversation }) {
    return conversation === this.thread.conversation;
  }

  // The server refused a command, or the command itself, which is too large to be sent.
  #refused({ code, message = translate("message_too_large"), instead = null, ...about }) {
    if (about.tool_call) {
      showToolProblem(about.tool_call, message);
      return;
    }
    // The subscription was refused: the conversation is gone.
    if (code === "not_found" && !about.client_id && this.#isOwn(about)) leaveFor(goneAddress());
    const refused = this.requests.settle(about.client_id);
    enableTurnButtons();
    if (refused) this.composer.takeBack(refused);
    if (refused?.own) this.thread.refuse();
    const actions = { send: () => this.composer.send(), post: (request) => this.#postAgain(request) };
    this.composer.showError(message, askInstead(refused, instead, actions));
  }

  #postAgain(request) {
    this.composer.showError("");
    this.#post(request);
  }

  async #reload(options) {
    await this.thread.reload(options);
    this.scroll.watch();
    this.socket.send(this.subscription.request());
  }

  // The thread shows another unfinished answer, or none.
  #liveChanged(live) {
    clearTimeout(this.#nextTimer);
    if (live) this.comparison.follow(live);
    const waits = Boolean(this.composer.busy) && !live && this.comparison.goesOn;
    if (waits) this.#nextTimer = setTimeout(() => this.#lookForNext(), NEXT_WITHIN_MS);
    else if (this.composer.busy && !live) this.#ended();
    if (!waits) this.composer.busy = live?.turn ?? null;
    this.gauge.read(this.thread.root);
    this.subscription?.sync(live);
  }

  // No answer is being written any more. A message that waits goes on; then nothing is compared.
  #ended() {
    if (this.composer.queued.waits) this.comparison.drop();
    this.comparison.end(this.thread.conversation);
    this.sidebar.refresh();
    this.budget.refreshIfShown();
  }

  async #lookForNext() {
    if (!this.socket.isOpen) return this.#liveChanged(null);
    await this.#reload({ ifNewer: true });
    if (this.thread.answer || !this.composer.busy) return;
    // The round has ended without this page.
    this.comparison.complete();
    this.#liveChanged(null);
  }
}
