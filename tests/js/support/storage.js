// Stand-ins for localStorage.

export class MemoryStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

function refuse() {
  throw new Error("no storage");
}

export const forbiddenStorage = { getItem: refuse, setItem: refuse, removeItem: refuse };
