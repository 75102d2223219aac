// The status of the connection; shown only when there is a problem.

import { translate } from "parley/lib/page.js";

const SHOW_AFTER_MS = 1200;

// Returns whether the page has a connection to the server.
export function isConnected() {
  return document.documentElement.dataset.connection === "open";
}

export class ConnectionStatus {
  #timer = null;

  constructor() {
    this.element = document.getElementById("connection");
  }

  show(status) {
    clearTimeout(this.#timer);
    document.documentElement.dataset.connection = status;
    if (status === "open") this.element.hidden = true;
    else if (status === "offline") this.#showText("offline");
    else this.#timer = setTimeout(() => this.#showText("reconnecting"), SHOW_AFTER_MS);
  }

  refuse() {
    clearTimeout(this.#timer);
    this.#showText("refused_connection");
  }

  #showText(key) {
    this.element.querySelector("[data-text]").textContent = translate(key);
    this.element.hidden = false;
  }
}
