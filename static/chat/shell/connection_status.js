// Says how the line is, only when that is worth saying.

import { words } from "parley/lib/page.js";

const PATIENCE = 1200;

export class ConnectionStatus {
  #timer = null;

  constructor() {
    this.element = document.getElementById("connection");
  }

  show(status) {
    clearTimeout(this.#timer);
    document.documentElement.dataset.connection = status;
    if (status === "open") this.element.hidden = true;
    else if (status === "offline") this.#say("offline");
    else this.#timer = setTimeout(() => this.#say("reconnecting"), PATIENCE);
  }

  refuse() {
    clearTimeout(this.#timer);
    this.#say("refused_connection");
  }

  #say(key) {
    this.element.querySelector("[data-text]").textContent = words(key);
    this.element.hidden = false;
  }
}
