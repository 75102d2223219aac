// Why a message was not sent, above the message field, with a button for the way out if there is one.

import { keepFocus, messageField } from "parley/lib/focus.js";
import { page, translate } from "parley/lib/page.js";
import { isLonger } from "parley/models/message/text_length.js";

export class Problem {
  constructor(form) {
    this.box = form.querySelector("[data-problem]");
    this.line = this.box.querySelector("[role=alert]");
    this.button = this.box.querySelector("button");
  }

  // Shows a text, "" for none. `action`: {name, run} of the button.
  show(text, action = null) {
    keepFocus(() => this.#show(text, action), messageField);
  }

  // Nothing is cut off: a text that is too long stays in the field, and the words say so until it is shorter.
  // Returns whether the text is too long.
  checkLength(text) {
    const tooLong = isLonger(text, page.longest_text);
    const words = translate("message_too_long");
    if (tooLong) this.show(words);
    else if (this.line.textContent === words) this.show("");
    return tooLong;
  }

  #show(text, action) {
    this.box.hidden = this.line.hidden = !text;
    this.line.textContent = text;
    this.button.hidden = !action;
    this.button.textContent = action?.name ?? "";
    this.button.onclick = action?.run ?? null;
  }
}
