// What brackets in a text lead to: an address behind them, a definition elsewhere, or a footnote.

import { linkTail, normalLabel } from "parley/markdown/parser/links.js";

const FOOTNOTE = /\[\^([^\]\s[]{1,40})\]/y;
const LABEL = /\[((?:\\.|[^\\[\]]){0,999})\]/y;
const BRACKET = /(?<!\\)[[\]]/;
const LONGEST_LABEL = 999;
const LONGEST_MISSED = 200;
const LONGEST_PART = 2000;

export class References {
  // `definitions`: as for inline.js.
  constructor(text, definitions, growing) {
    this.text = text;
    this.definitions = definitions;
    this.growing = growing;
  }

  // Returns {label, end} of the reference to a footnote at `at`, or null.
  footnote(at) {
    FOOTNOTE.lastIndex = at;
    const found = FOOTNOTE.exec(this.text);
    if (!found) return null;
    const label = normalLabel(found[1]);
    if (this.definitions.notes.has(label)) return { label, end: FOOTNOTE.lastIndex };
    this.definitions.missed.add(`^${label}`);
    return null;
  }

  // Returns {href, title, end} of the link whose text stands between `start` and `end`, or null. While its address
  // still arrives, there is no `href`.
  link(start, end) {
    const behind = end + 1;
    const tail = linkTail(this.text, behind);
    if (tail) return tail;
    if (this.growing && this.text[behind] === "(" && this.#isOpen(behind)) return { end: this.text.length };
    LABEL.lastIndex = behind;
    const label = LABEL.exec(this.text);
    const own = this.text.slice(start, Math.min(end, start + LONGEST_LABEL + 1));
    const asked = label?.[1].trim() ? label[1] : own;
    if (asked.length > LONGEST_LABEL || (asked === own && BRACKET.test(own))) return null;
    const link = this.#defined(normalLabel(asked));
    return link && { ...link, end: label ? LABEL.lastIndex : behind };
  }

  #isOpen(at) {
    return this.text.length - at < LONGEST_PART && !/[\s)]/.test(this.text.slice(at));
  }

  #defined(label) {
    const { links, missed } = this.definitions;
    if (label && Object.hasOwn(links, label)) return links[label];
    if (label && label.length <= LONGEST_MISSED) missed.add(label);
    return null;
  }
}
