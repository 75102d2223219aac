// The versions of an artifact, as the thread has them.

import { codeIn } from "parley/markdown/code_blocks.js";
import { withVersions } from "parley/models/text/artifacts.js";

// Returns {versions: all of the artifact in a box of the thread, place: which one it is}, or null if it is none.
export function versionsOf(box) {
  const { boxes, artifacts } = read();
  return among(artifacts, artifacts[boxes.indexOf(box)]);
}

// Returns the same for the newest version of an artifact.
export function newestVersions(key) {
  const { artifacts } = read();
  return among(
    artifacts,
    artifacts.findLast((each) => each?.key === key),
  );
}

function read() {
  const all = [...document.querySelectorAll("#thread .code")];
  const boxes = all.filter((box) => box.querySelector("[data-open-artifact]:not([hidden])"));
  return { boxes, artifacts: withVersions(boxes.map(codeIn)) };
}

function among(artifacts, own) {
  if (!own) return null;
  const versions = artifacts.filter((each) => each?.key === own.key);
  return { versions, place: versions.indexOf(own) };
}
