// The versions of one artifact in the whole conversation, and which of them is shown.

import { loadRest, unloadedCode } from "parley/artifacts/unloaded_code.js";
import { codeIn } from "parley/markdown/code_blocks.js";
import { withVersions } from "parley/models/text/artifacts.js";

export class Versions {
  #all = [];
  #place = 0;
  #box = null;

  // Shows the artifact in a code box of the thread. Returns whether it is one.
  open(box) {
    const found = versionsOf(box);
    if (found) [this.#all, this.#place, this.#box] = [found.versions, found.place, box];
    return Boolean(found);
  }

  get shown() {
    return this.#all[this.#place];
  }

  get previous() {
    return this.#all[this.#place - 1];
  }

  get count() {
    return this.#all.length;
  }

  get isNewest() {
    return this.#place === this.count - 1;
  }

  step(by) {
    this.#place += by;
  }

  // The page may have a part of a long conversation: the versions in the rest of it are counted too. Returns whether that
  // changed anything.
  async complete() {
    const box = this.#box;
    const before = versionsOf(box)?.place;
    if (!(await loadRest()) || this.#box !== box) return false;
    const found = versionsOf(box);
    if (!found || before === undefined) return false;
    this.#all = found.versions;
    this.#place += found.place - before;
    return true;
  }

  // An answer may have a newer version: a reader of the newest one gets it. Returns whether it has.
  async follow() {
    await loadRest();
    const versions = newestVersions(this.shown.key);
    if (!versions || versions.at(-1).text === this.#all.at(-1).text) return false;
    if (this.isNewest) this.#place = versions.length - 1;
    this.#all = versions;
    return true;
  }
}

function versionsOf(box) {
  const { boxes, artifacts, start } = read();
  const own = boxes.includes(box) ? artifacts[start + boxes.indexOf(box)] : null;
  if (!own) return null;
  const versions = artifacts.filter((each) => each?.key === own.key);
  return { versions, place: versions.indexOf(own) };
}

function newestVersions(key) {
  const versions = read().artifacts.filter((each) => each?.key === key);
  return versions.length ? versions : null;
}

// `start`: the place of the first box of the page among all artifacts.
function read() {
  const all = [...document.querySelectorAll("#thread .code")];
  const boxes = all.filter((box) => box.querySelector("[data-open-artifact]:not([hidden])"));
  const { above, below } = unloadedCode();
  const artifacts = withVersions([...above, ...boxes.map(codeIn), ...below]);
  return { boxes, artifacts, start: above.length };
}
