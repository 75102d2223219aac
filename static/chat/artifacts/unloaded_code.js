// The code of answers that the page has not loaded: of a long conversation it has a part.

import { codeIn } from "parley/markdown/code_blocks.js";
import { renderMarkdown } from "parley/markdown/render.js";

const NONE = { above: [], below: [] };
let rest = { query: "", ...NONE };

// Returns {above, below}: the code blocks above and below the part on the page, as far as they are read.
export function unloadedCode() {
  return rest.query === queryOfPart() ? rest : NONE;
}

// Reads them, unless they are. Returns whether something was read.
export async function loadRest() {
  let wasRead = false;
  // The page may load more of the conversation meanwhile: then its rest is another one.
  for (let query = queryOfPart(); query && query !== rest.query; query = queryOfPart()) {
    const { conversation } = document.getElementById("thread").dataset;
    const answer = await fetch(`/c/${conversation}/code?${query}`).catch(() => null);
    if (!answer?.ok) return wasRead;
    const { above, below } = await answer.json();
    rest = { query, above: await codeOf(above), below: await codeOf(below) };
    wasRead = true;
  }
  return wasRead;
}

// The buttons that load more name the first and the last message of the part.
function queryOfPart() {
  const bounds = { above: named("[data-earlier]", "before"), below: named("[data-later] button", "after") };
  const known = Object.entries(bounds).filter(([, message]) => message);
  return new URLSearchParams(known).toString();
}

function named(button, name) {
  const address = document.querySelector(`#thread ${button}`)?.getAttribute("hx-get");
  return address && new URL(address, location).searchParams.get(name);
}

async function codeOf(texts) {
  const found = [];
  for (const text of texts) {
    const shown = renderMarkdown(text, { highlight: false });
    found.push(...[...shown.querySelectorAll(".code")].map(codeIn));
    await new Promise((resolve) => setTimeout(resolve)); // the page stays quick meanwhile
  }
  return found;
}
