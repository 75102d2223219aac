// A WebSocket that reconnects by itself, detects a dead connection with pings, and reports its status.
// It knows nothing of turns: the listener `onopen` decides what to resume.

import { delayBefore } from "parley/models/turn/backoff.js";
import { exceedsBytes } from "parley/models/message/text_length.js";

const PING_EVERY_MS = 25_000;
const PONG_WITHIN_MS = 10_000;
// A connection that ends earlier counts as a failed attempt, whatever it received: the next one waits longer.
const STABLE_AFTER_MS = 5_000;
const FINAL_CODES = new Set([4401, 4403, 4404]);
const TOO_LARGE = 1009;

export class Socket {
  #socket = null;
  #attempt = 0;
  #timers = {};
  #closed = true;
  #largest = null;

  // Listeners: onopen(), onmessage(object), onstatus("open"|"connecting"|"offline"), onfinal(code), and
  // ontoolarge(message) for a message that the server does not take. `longest`: the most bytes of a message.
  constructor(
    url,
    listeners,
    { WebSocket = globalThis.WebSocket, random = Math.random, online = () => true, longest = Infinity } = {},
  ) {
    Object.assign(this, { url, listeners, WebSocket, random, online, longest });
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
    this.#drop();
  }

  // Returns whether the message was sent or refused. The outbox repeats messages that were neither.
  send(message) {
    if (!this.isOpen) return false;
    const text = JSON.stringify(message);
    if (exceedsBytes(text, this.longest)) {
      this.listeners.ontoolarge(message);
      return true;
    }
    if (text.length > (this.#largest?.size ?? 0)) this.#largest = { message, size: text.length };
    this.#socket.send(text);
    return true;
  }

  // The network or the page is active again: connect, or test the connection, at once.
  wake() {
    if (this.#closed) return;
    if (this.isOpen) this.#ping();
    else {
      this.#attempt = 0;
      this.#connect();
    }
  }

  // The network is gone. The connection is closed even if it still looks open.
  sleep() {
    if (!this.#closed) this.#disconnected(1006);
  }

  #connect() {
    this.#drop();
    this.listeners.onstatus(this.online() ? "connecting" : "offline");
    const socket = new this.WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#disconnected(event.code);
  }

  #opened() {
    this.listeners.onstatus("open");
    this.#timers.stable = setTimeout(() => (this.#attempt = 0), STABLE_AFTER_MS);
    this.#restartTimers();
    this.listeners.onopen();
  }

  #received(data) {
    this.#restartTimers();
    const message = JSON.parse(data);
    if (message.type !== "pong") this.listeners.onmessage(message);
  }

  #disconnected(code) {
    const largest = this.#largest;
    this.#drop();
    // A proxy or another server has a lower limit. What was larger than it includes the largest message.
    if (code === TOO_LARGE && largest) this.listeners.ontoolarge(largest.message);
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

  #restartTimers() {
    clearTimeout(this.#timers.silence);
    clearTimeout(this.#timers.ping);
    this.#timers.silence = null;
    this.#timers.ping = setTimeout(() => this.#ping(), PING_EVERY_MS);
  }

  #ping() {
    if (!this.send({ type: "ping" })) return;
    this.#timers.silence ??= setTimeout(() => this.#disconnected(1006), PONG_WITHIN_MS);
  }

  #drop() {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    const socket = this.#socket;
    this.#socket = null;
    this.#largest = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
