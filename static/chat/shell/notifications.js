// A notice by the browser when an answer is finished or waits for approval while the person does not look at the page.
// People switch it on in the settings (classic/notification_choice.js); this page never asks. The text names nothing of
// the conversation.

import { translate } from "parley/lib/page.js";
import { Claims, toldEvent } from "parley/models/turn/notification.js";

const CHOICE_KEY = "parley.notifications";
// A tab that is looked at, which gets the same event, has claimed it by then.
const AFTER_MS = 400;

export class Notifications {
  constructor(storage) {
    this.storage = storage;
    this.claims = new Claims(storage);
  }

  // `event`: an event of the turn that this page shows.
  handle(event) {
    const told = toldEvent(event);
    if (!told || !this.#isChosen()) return;
    const name = `${event.turn}:${event.seq}`;
    if (isLookedAt()) this.claims.take(name);
    else setTimeout(() => !isLookedAt() && this.claims.take(name) && show(told, name), AFTER_MS);
  }

  #isChosen() {
    try {
      const chosen = this.storage.getItem(CHOICE_KEY) === "1";
      return chosen && globalThis.Notification?.permission === "granted";
    } catch {
      return false;
    }
  }
}

function isLookedAt() {
  return document.visibilityState === "visible" && document.hasFocus();
}

function show(told, name) {
  try {
    const notification = new Notification("Parley", { body: translate(`notify_${told}`), tag: name });
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    // Browsers of phones show notices of service workers only.
  }
}
