// One socket that is always on its way back: reconnects by itself, notices a dead line, says how it is.
// It knows nothing of turns; what to resume is the listener's business (`onopen`).

import { delayBefore } from "parley/models/backoff.js";

const PING_EVERY = 25_000;
const SILENCE = 10_000;
const FINAL_CODES = new Set([4401, 4403, 4404]);

export class Socket {
  #socket = null;
  #attempt = 0;
  #timers = {};
  #closed = true;

  // Listeners: onopen(), onmessage(object), onstatus("open"|"connecting"|"offline"), onfinal(code).
  constructor(
    url,
    listeners,
    { WebSocket = globalThis.WebSocket, random = Math.random, online = () => true } = {},
  ) {
    Object.assign(this, { url, listeners, WebSocket, random, online });
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  open() {
    this.#closed = false;
    this.#connect();
  }

  close() {
    this.#closed = true;
    this.#forget();
  }

  // Returns whether the message left; what did not leave is the outbox's to repeat.
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  // The network or the page came back: look at once instead of at the next timer.
  wake() {
    if (this.#closed) return;
    if (this.isOpen) this.#ping();
    else {
      this.#attempt = 0;
      this.#connect();
    }
  }

  // The network is gone; a line that looks open is not waited for.
  sleep() {
    if (!this.#closed) this.#lost(1006);
  }

  #connect() {
    this.#forget();
    this.listeners.onstatus(this.online() ? "connecting" : "offline");
    const socket = new this.WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#lost(event.code);
  }

  #opened() {
    this.listeners.onstatus("open");
    this.#listenOn();
    this.listeners.onopen();
  }

  #received(data) {
    this.#attempt = 0;
    this.#listenOn();
    const message = JSON.parse(data);
    if (message.type !== "pong") this.listeners.onmessage(message);
  }

  #lost(code) {
    this.#forget();
    if (FINAL_CODES.has(code)) {
      this.#closed = true;
      this.listeners.onfinal(code);
      return;
    }
    this.listeners.onstatus(this.online() ? "connecting" : "offline");
    const delay = delayBefore(this.#attempt, { code, random: this.random });
    this.#attempt += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), delay);
  }

  #listenOn() {
    clearTimeout(this.#timers.silence);
    clearTimeout(this.#timers.ping);
    this.#timers.silence = null;
    this.#timers.ping = setTimeout(() => this.#ping(), PING_EVERY);
  }

  #ping() {
    if (!this.send({ type: "ping" })) return;
    this.#timers.silence ??= setTimeout(() => this.#lost(1006), SILENCE);
  }

  #forget() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
