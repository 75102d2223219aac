// Shows an artifact: a page in a sandboxed frame that can reach neither this page nor the network, a picture, or a text.

import { fromTemplate } from "parley/lib/fragments.js";
import { page, translate } from "parley/lib/page.js";
import { svgAddress } from "parley/lib/svg_address.js";

const LONGEST_NOTE = 300;

// Shows the artifact in `place`. `onescape`: Escape was pressed in the frame.
export function showPreview(place, { kind, text, title }, { onescape }) {
  const made = { html: frame, svg: picture, markdown: words }[kind](text, title || translate("preview"));
  place.replaceChildren(made);
  if (kind === "html") fill(place, made, text, onescape);
}

function frame(_text, title) {
  const element = document.createElement("iframe");
  element.setAttribute("sandbox", "allow-scripts");
  Object.assign(element, { src: page.preview_frame, title, className: "artifact__frame" });
  return element;
}

// No script of a picture runs, and it loads nothing.
function picture(text, title) {
  const box = document.createElement("div");
  box.className = "artifact__picture";
  const image = document.createElement("img");
  // As it is written. What is no XML is read once more, as browsers read it within a page.
  const ways = [asXml];
  image.addEventListener("error", () => {
    const again = ways.pop()?.(text);
    if (again) image.src = svgAddress(again);
    else box.replaceChildren(note(translate("picture_broken")));
  });
  Object.assign(image, { src: svgAddress(text), alt: title });
  box.append(image);
  return box;
}

// Returns an SVG with its namespaces and without entities of HTML, or "". The document that reads it has no window:
// nothing in it runs or is loaded.
function asXml(text) {
  const element = new DOMParser().parseFromString(text, "text/html").querySelector("svg");
  element?.removeAttribute("xmlns");
  return element ? new XMLSerializer().serializeToString(element) : "";
}

function words(text) {
  const element = document.createElement("parley-markdown");
  element.className = "markdown artifact__words";
  element.textContent = text;
  return element;
}

function note(text) {
  const line = fromTemplate("artifact-note");
  line.querySelector("[data-text]").textContent = text.slice(0, LONGEST_NOTE);
  return line;
}

// What the frame says is shown as text. It can say anything.
function fill(place, element, html, onescape) {
  const notes = {
    blocked: (host) => translate("preview_blocked", { host }),
    dialog: (message) => translate("preview_dialog", { words: message }),
    failed: (message) => translate("preview_failed", { words: message }),
    link: (address) => translate("preview_link", { address }),
  };
  const said = new Map();
  const listen = ({ source, data }) => {
    if (!element.isConnected) removeEventListener("message", listen);
    else if (source !== element.contentWindow || typeof data !== "object" || !data) return;
    else if (data.ready) source.postMessage({ html }, "*");
    else if (data.escape) onescape();
    else for (const name of Object.keys(notes)) if (typeof data[name] === "string") say(name, data[name]);
  };
  const say = (name, detail) => {
    const line = note(notes[name](detail.slice(0, LONGEST_NOTE)));
    if (said.has(name)) said.get(name).replaceWith(line);
    else place.append(line);
    said.set(name, line);
  };
  addEventListener("message", listen);
}
