// Why a message was not sent, above the message field, with a button for the way out if there is one.

export class Problem {
  constructor(form) {
    this.box = form.querySelector("[data-problem]");
    this.line = this.box.querySelector("[role=alert]");
    this.button = this.box.querySelector("button");
  }

  get text() {
    return this.line.textContent;
  }

  // Shows a text, "" for none. `action`: {name, run} of the button.
  show(text, action = null) {
    this.box.hidden = this.line.hidden = !text;
    this.line.textContent = text;
    this.button.hidden = !action;
    this.button.textContent = action?.name ?? "";
    this.button.onclick = action?.run ?? null;
  }
}
