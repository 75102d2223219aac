// The page's subscription to a conversation: which turn it follows, and up to which event. Decides what to do with
// each event; sends nothing itself.

export const APPLY = "apply";
export const IGNORE = "ignore";
export const RESUBSCRIBE = "resubscribe";
export const RELOAD = "reload";
// Events that the server sent before it received a subscription still arrive, out of order. A subscription for each
// of them would be a flood, for which the server closes the socket.
const ANSWER_WITHIN_MS = 2000;

export class Subscription {
  #requested = null;

  constructor(conversation, { turn = null, seq = 0, now = () => performance.now() } = {}) {
    this.conversation = conversation;
    this.turn = turn;
    this.seq = seq;
    this.now = now;
    this.past = new Set();
  }

  // Returns the message that makes the server continue exactly after the last event that was applied.
  request() {
    this.#requested = { turn: this.turn, after: this.seq, at: this.now() };
    return { type: "subscribe", conversation: this.conversation, turn: this.turn, after: this.seq };
  }

  // A turn of this conversation was accepted: its events count from 1. Returns false when it is known already.
  follow(turn) {
    if (turn === this.turn || this.past.has(turn)) return false;
    this.#leave();
    this.turn = turn;
    return true;
  }

  // The page shows a new state of the thread. `live`: its unfinished answer {turn, seq}, or null.
  sync(live) {
    if (live?.turn !== this.turn) this.#leave();
    if (!live) return;
    this.turn = live.turn;
    this.seq = live.seq;
  }

  // Ignores a turn of another conversation. Its events arrive here because this page started it.
  ignore(turn) {
    this.past.add(turn);
  }

  // Returns what to do with an event that has a seq. RESUBSCRIBE: an event is missing, and no subscription is under
  // way. RELOAD, once per turn: the turn is unknown; events don't name their conversation, only the thread does.
  check(event) {
    if (event.turn !== this.turn) return this.#checkUnknown(event.turn);
    if (event.seq <= this.seq) return IGNORE;
    if (event.seq > this.seq + 1) return this.#checkGap();
    this.seq = event.seq;
    if (event.type === "turn.finished") this.#leave();
    return APPLY;
  }

  #checkUnknown(turn) {
    if (this.past.has(turn)) return IGNORE;
    this.past.add(turn);
    return RELOAD;
  }

  #checkGap() {
    const { turn, after, at } = this.#requested ?? {};
    const underWay = turn === this.turn && after === this.seq && this.now() - at < ANSWER_WITHIN_MS;
    return underWay ? IGNORE : RESUBSCRIBE;
  }

  #leave() {
    if (this.turn) this.past.add(this.turn);
    this.turn = null;
    this.seq = 0;
  }
}
