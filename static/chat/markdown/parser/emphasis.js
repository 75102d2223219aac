// Emphasis and strikethrough: which runs of markers may open or close, and which pairs they form.
//
// The pairs follow CommonMark's algorithm (spec 0.31, "phase 2: inline structure"). May a run open or close? To
// CommonMark's rules for neighbours, Parley adds a run that touches a word behind punctuation, as in **핵심(Key)**은,
// and takes away stars between the operands of a product.

import {
  characterAt,
  characterBefore,
  closesAt,
  HANGUL,
  isPunctuation,
  isSpace,
  opensBefore,
  UNSPACED,
} from "parley/markdown/parser/characters.js";

// Deeper emphasis stays text: it would exhaust the stack of whatever walks the tree.
const DEEPEST = 24;
const OPERAND_BEFORE = /(?:[0-9]|(?:^|[^A-Za-z0-9])[A-Za-z])$/;
const OPERAND_AFTER = /^(?:[0-9]|[A-Za-z](?![A-Za-z0-9]))/;

// Returns a node for the run of `*`, `_` or `~` from `start` to `end`.
export function delimiterRun(text, start, end) {
  const marker = text[start];
  const length = end - start;
  const before = characterBefore(text, start);
  const after = characterAt(text, end);
  const left = !isSpace(after) && (!isPunctuation(after) || isSpace(before) || isPunctuation(before));
  const right = !isSpace(before) && (!isPunctuation(before) || isSpace(after) || isPunctuation(after));
  const run = { type: "run", marker, count: length, length, surely: left && !right, both: left && right };
  if (marker === "_") {
    run.opens = left && (!right || isPunctuation(before));
    run.closes = right && (!left || isPunctuation(after));
    return run;
  }
  const touchesAfter = !isSpace(after) && (length > 1 || UNSPACED.test(before)) && !closesAt(text, end);
  const touchesBefore = !isSpace(before) && (length > 1 || UNSPACED.test(after)) && !opensBefore(text, start);
  run.opens = (left || touchesAfter) && !(marker === "*" && multiplies(text, start, end, before, after));
  run.closes = right || touchesBefore;
  run.both ||= run.opens && run.closes;
  return run;
}

// Returns whether the stars stand between operands: 2*3*4, x**2 + y**2, 가로*세로*높이.
function multiplies(text, start, end, before, after) {
  const single = end - start === 1;
  if (end - start > 2) return false;
  const operandAfter = OPERAND_AFTER.test(text.slice(end, end + 2));
  if (OPERAND_BEFORE.test(text.slice(Math.max(0, start - 2), start)) && operandAfter) return true;
  if (!single) return false;
  if (HANGUL.test(before) && HANGUL.test(after)) return true;
  return (before === ")" && operandAfter) || (/[0-9]/.test(before) && /[A-Za-z]/.test(after));
}

// Returns the nodes with runs replaced by em, strong and del, and by text where they pair with nothing.
// `growing`: the text goes on behind the last node, so what is surely open counts as closed there.
export function resolveEmphasis(nodes, { growing = false } = {}) {
  const pairing = new Pairing();
  for (const node of nodes) {
    if (node.type === "run") pairing.take(node);
    else pairing.put(node);
  }
  if (growing) pairing.closeAll();
  return pairing.out.map(asText);
}

class Pairing {
  out = [];
  // Runs that may still be closed, each with its place in `out` and the depth of what follows up to the next one.
  #openers = [];
  #serial = 0;
  // By kind of closer, the serial number of the last opener that does not pair with it.
  #bottoms = new Map();

  put(node) {
    this.out.push(node);
    this.#deepen(node.depth ?? 0);
  }

  take(run) {
    while (run.closes && run.count > 0 && this.#close(run));
    if (run.count === 0) return;
    this.out.push(run);
    if (run.opens) {
      this.#openers.push({ run, at: this.out.length - 1, serial: ++this.#serial, deepest: 0 });
    }
  }

  closeAll() {
    while (this.#openers.length) {
      const opener = this.#openers.at(-1);
      const { run, at } = opener;
      const closes = run.surely && run.marker !== "_" && at < this.out.length - 1;
      if (closes && this.#wrap(opener, run.marker === "~" ? 2 : Math.min(2, run.count)) && run.count > 0)
        continue;
      if (this.#openers.at(-1) === opener) this.#drop();
    }
  }

  #close(closer) {
    const kind = `${closer.marker}${closer.both}${closer.length % 3}${closer.marker === "~" ? closer.count : ""}`;
    const bottom = this.#bottoms.get(kind) ?? 0;
    for (let place = this.#openers.length - 1; place >= 0; place -= 1) {
      const opener = this.#openers[place];
      if (opener.serial <= bottom) break;
      if (!pairs(opener.run, closer)) continue;
      while (this.#openers.length > place + 1) this.#drop();
      const count = closer.marker === "~" ? 2 : Math.min(2, opener.run.count, closer.count);
      if (!this.#wrap(opener, count)) return false;
      closer.count -= count;
      return true;
    }
    this.#bottoms.set(kind, this.#openers.at(-1)?.serial ?? bottom);
    return false;
  }

  // Puts what follows the last opener into an element; returns whether there was room for one more level.
  #wrap(opener, count) {
    const { run, at } = opener;
    const depth = opener.deepest + 1;
    if (depth > DEEPEST) {
      this.#drop();
      return false;
    }
    const tokens = this.out.splice(at + 1).map(asText);
    run.count -= count;
    if (run.count === 0) {
      this.out.pop();
      this.#openers.pop();
    }
    this.put({ type: run.marker === "~" ? "del" : count === 2 ? "strong" : "em", depth, tokens });
    return true;
  }

  // Leaves the last opener as text.
  #drop() {
    this.#deepen(this.#openers.pop().deepest);
  }

  #deepen(depth) {
    const opener = this.#openers.at(-1);
    if (opener) opener.deepest = Math.max(opener.deepest, depth);
  }
}

function pairs(opener, closer) {
  if (opener.marker !== closer.marker) return false;
  if (opener.marker === "~") return opener.count === 2 && closer.count === 2;
  // CommonMark's rules 9 and 10.
  const odd = (opener.length + closer.length) % 3 === 0;
  return !((opener.both || closer.both) && odd && (opener.length % 3 || closer.length % 3));
}

function asText(node) {
  return node.type === "run" ? { type: "text", text: node.marker.repeat(node.count) } : node;
}
