// A WebSocket that reconnects by itself, detects a dead connection with pings, and reports its status.
// It knows nothing of turns: the listener `onopen` decides what to resume.

import { delayBefore } from "parley/models/backoff.js";

const PING_EVERY_MS = 25_000;
const PONG_WITHIN_MS = 10_000;
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
    this.#drop();
  }

  // Returns whether the message was sent. The outbox repeats messages that were not.
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
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
    this.#restartTimers();
    this.listeners.onopen();
  }

  #received(data) {
    this.#attempt = 0;
    this.#restartTimers();
    const message = JSON.parse(data);
    if (message.type !== "pong") this.listeners.onmessage(message);
  }

  #disconnected(code) {
    this.#drop();
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
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
