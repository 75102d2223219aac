// Code between backticks.

const RUNS = /`+/g;

// The runs of backticks of a text, found once.
export class CodeSpans {
  #places = null;

  constructor(text) {
    this.text = text;
  }

  // Returns where the code ends that is closed by a run of so many backticks at or behind `from`, or 0. Later calls ask
  // for later places.
  end(from, length) {
    const places = this.#runs().get(length) ?? [];
    while (places.length && places.at(-1) < from) places.pop();
    return places.length ? places.at(-1) + length : 0;
  }

  // Returns the places of runs by their length, the last one first.
  #runs() {
    if (this.#places) return this.#places;
    this.#places = new Map();
    for (const { 0: run, index } of this.text.matchAll(RUNS)) {
      if (!this.#places.has(run.length)) this.#places.set(run.length, []);
      this.#places.get(run.length).push(index);
    }
    for (const places of this.#places.values()) places.reverse();
    return this.#places;
  }
}

// Returns the code as it is shown: without line breaks, and without one space at both ends.
export function codeText(inner) {
  const text = inner.replaceAll("\n", " ");
  return /[^ ]/.test(text) && text.startsWith(" ") && text.endsWith(" ") ? text.slice(1, -1) : text;
}
