// Draws Mermaid diagrams in a sandboxed frame of this server, which can reach neither this page nor the network, and
// returns them as pictures. A diagram that takes too long ends with its frame.

import { repaired } from "parley/diagrams/repair.js";
import { page } from "parley/lib/page.js";
import { svgAddress } from "parley/lib/svg_address.js";

const START_MS = 20_000;
const DRAWING_MS = 8_000;
const LONGEST_SOURCE = 20_000;
const LONGEST_PICTURE = 2_000_000;
const KEPT = 100;

let frame = null;
let last = Promise.resolve();
// Promised pictures by theme and source: the same diagram is drawn once, also where an answer takes its final form.
const drawn = new Map();

// Returns {address, width, height, title} of a picture, or {problem: "unreadable" | "slow" | "large"}.
export function drawDiagram(source, { dark = false } = {}) {
  if (source.length > LONGEST_SOURCE) return Promise.resolve({ problem: "large" });
  const key = `${dark}:${source}`;
  if (!drawn.has(key)) {
    last = last.then(() => paint(source, dark));
    drawn.set(key, last);
    if (drawn.size > KEPT) drawn.delete(drawn.keys().next().value);
  }
  return drawn.get(key);
}

async function paint(source, dark) {
  try {
    frame ??= await openFrame();
    for (const text of new Set([source, repaired(source)])) {
      const shown = picture(await ask(frame, { source: text, dark }, DRAWING_MS));
      if (shown) return shown;
    }
    return { problem: "unreadable" };
  } catch {
    frame?.remove();
    frame = null;
    return { problem: "slow" };
  }
}

async function openFrame() {
  const element = document.createElement("iframe");
  element.setAttribute("sandbox", "allow-scripts");
  Object.assign(element, {
    src: page.diagram_frame,
    className: "diagram-frame",
    tabIndex: -1,
    ariaHidden: "true",
  });
  document.body.append(element);
  frame = element;
  await heard(element, START_MS);
  return element;
}

function ask(element, message, milliseconds) {
  const answer = heard(element, milliseconds);
  // The frame has no origin that could be named. It gets nothing but the diagram.
  element.contentWindow.postMessage(message, "*");
  return answer;
}

// Returns the next message of a frame.
function heard(element, milliseconds) {
  return new Promise((resolve, reject) => {
    const listen = ({ source, data }) => {
      if (source !== element.contentWindow) return;
      stop();
      resolve(data);
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error("silent"));
    }, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      removeEventListener("message", listen);
    };
    addEventListener("message", listen);
  });
}

function picture(answer) {
  const { svg, width, height, title } = answer ?? {};
  const right = typeof svg === "string" && svg.length < LONGEST_PICTURE && svg.startsWith("<svg");
  if (!right || !(width > 0) || !(height > 0)) return null;
  // Not a blob: opened by itself, that would be a document of this origin.
  const address = svgAddress(svg);
  return {
    address,
    width: Math.ceil(width),
    height: Math.ceil(height),
    title: String(title ?? "").slice(0, 200),
  };
}
