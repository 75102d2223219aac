// The keys of a menu, as the ARIA practices describe them: arrows around, Home, End, and the first letter of an item.

// Returns the index of the item that `key` leads to from the one at `at` (-1: none), or null for another key.
export function itemFor(key, at, names) {
  const { length } = names;
  if (!length) return null;
  if (key === "ArrowDown") return (at + 1) % length;
  if (key === "ArrowUp") return at > 0 ? at - 1 : length - 1;
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  if ([...key].length !== 1) return null;
  const order = names.map((_name, step) => (at + 1 + step) % length);
  const starts = (index) => names[index].trim().toLowerCase().startsWith(key.toLowerCase());
  return order.find(starts) ?? null;
}
