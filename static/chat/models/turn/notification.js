// Which events of a turn a person is told about who does not look at the page, and that each is told once. No DOM.

// Returns the name of what to tell: "finished", "waiting", or null. Who stopped an answer knows that it has ended.
export function toldEvent({ type, status }) {
  if (type === "turn.finished") return status === "stopped" ? null : "finished";
  return type === "turn.waiting" ? "waiting" : null;
}

// Tabs share `storage`. The first one that claims an event tells it; a tab that is looked at claims it silently.
export class Claims {
  constructor(storage, key = "parley.told") {
    Object.assign(this, { storage, key });
  }

  // Returns whether no tab claimed this event before.
  take(event) {
    try {
      const told = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      if (told.includes(event)) return false;
      this.storage.setItem(this.key, JSON.stringify([...told, event].slice(-20)));
    } catch {
      // Without storage each tab tells for itself; the browser shows one of the same name.
    }
    return true;
  }
}
