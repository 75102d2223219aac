// The buttons Send and Stop.

import { keepFocus, messageField } from "parley/lib/focus.js";

export class SendButtons {
  // Listener: onstop() when Stop is pressed.
  constructor(form) {
    this.send = form.querySelector(".composer__send");
    this.stopButton = form.querySelector("[data-stop]");
    this.onstop = () => {};
    this.stopButton.addEventListener("click", () => this.onstop());
  }

  showStop(visible) {
    keepFocus(() => (this.stopButton.hidden = !visible), messageField);
    this.stopButton.disabled = false;
  }

  // Returns whether a stop may be requested; it is requested once for each answer.
  stop() {
    if (this.stopButton.disabled) return false;
    keepFocus(() => (this.stopButton.disabled = true), messageField);
    return true;
  }

  // While an answer comes, Send queues what is written, and Stop has its place as long as nothing is.
  show({ empty, busy, blocked }) {
    keepFocus(() => {
      this.send.disabled = empty || Boolean(blocked);
      this.send.hidden = Boolean(busy) && empty;
    }, messageField);
  }
}
