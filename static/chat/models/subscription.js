// Which turn of a conversation is followed, and up to which event. Decides about each event; sends nothing itself.

export const APPLY = "apply";
export const IGNORE = "ignore";
export const RESUME = "resume";
export const LOOK = "look";
// What was sent before the server heard of a subscription still arrives, out of order; asking again for each of
// those events would be a flood that the server ends.
const PATIENCE = 2000;

export class Follower {
  #asked = null;

  constructor(conversation, { turn = null, seq = 0, now = () => performance.now() } = {}) {
    this.conversation = conversation;
    this.turn = turn;
    this.seq = seq;
    this.now = now;
    this.past = new Set();
  }

  // The message that makes the server continue exactly where this viewer is.
  subscription() {
    this.#asked = { turn: this.turn, after: this.seq, at: this.now() };
    return { type: "subscribe", conversation: this.conversation, turn: this.turn, after: this.seq };
  }

  // A turn has been accepted here: its events are counted from 1. False when it is known already.
  follow(turn) {
    if (turn === this.turn || this.past.has(turn)) return false;
    this.#leave();
    this.turn = turn;
    return true;
  }

  // The page shows the thread anew: `live` is the answer in it that is being written, {turn, seq}, or null.
  jump(live) {
    if (live?.turn !== this.turn) this.#leave();
    if (!live) return;
    this.turn = live.turn;
    this.seq = live.seq;
  }

  // A turn of another conversation, which this socket hears of because it left from here.
  pass(turn) {
    this.past.add(turn);
  }

  // Says what to do with an event that carries a seq. RESUME asks for a new subscription, if none is on its way;
  // LOOK, once for a turn, to read the thread: events don't name their conversation, so only it knows whose it is.
  take(event) {
    if (event.turn !== this.turn) return this.#unknown(event.turn);
    if (event.seq <= this.seq) return IGNORE;
    if (event.seq > this.seq + 1) return this.#resume();
    this.seq = event.seq;
    if (event.type === "turn.finished") this.#leave();
    return APPLY;
  }

  #unknown(turn) {
    if (this.past.has(turn)) return IGNORE;
    this.past.add(turn);
    return LOOK;
  }

  #resume() {
    const { turn, after, at } = this.#asked ?? {};
    const underWay = turn === this.turn && after === this.seq && this.now() - at < PATIENCE;
    return underWay ? IGNORE : RESUME;
  }

  #leave() {
    if (this.turn) this.past.add(this.turn);
    this.turn = null;
    this.seq = 0;
  }
}
