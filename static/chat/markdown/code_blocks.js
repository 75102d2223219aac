// Code blocks get a head with their language and buttons, and their colours. Diagrams are drawn, and what is large enough
// to be a file of its own can be opened beside the thread.

import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { download } from "parley/lib/download.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { cleanCode } from "parley/markdown/sanitize.js";
import { isArtifact } from "parley/models/text/artifacts.js";
import { fileName, normalLanguage } from "parley/models/text/code_files.js";

const MAX_HIGHLIGHTED_CHARACTERS = 60_000;
const NEAR_END_PX = 40;

// `highlight`: also colour the code, which is done when the block is complete.
export function decorateCode(root, { highlight = false } = {}) {
  for (const pre of root.querySelectorAll("pre")) {
    const code = pre.querySelector("code");
    if (!code) continue;
    const language = languageOf(code);
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", code.title || language || translate("code"));
    pre.setAttribute("role", "group");
    const box = document.createElement("div");
    box.className = "code";
    pre.replaceWith(box);
    box.append(head(code, language), pre);
    if (language === "mermaid") addDiagram(box, code);
    code.removeAttribute("title");
    if (highlight && language) highlightCode(code, language);
  }
}

const languageOf = (code) => /(?:^| )language-(\S+)/.exec(code.className)?.[1] ?? "";

// Returns {language, text, file} of the code in a box: `file` is the name that the answer gave it, or "".
export function codeIn(box) {
  const code = box.querySelector("pre > code");
  return {
    language: languageOf(code),
    text: code.textContent,
    file: box.querySelector("[data-file]")?.textContent ?? "",
  };
}

function head(code, language) {
  const element = fromTemplate("code-head");
  const name = element.querySelector(".code__language");
  name.textContent = code.title || language || translate("code");
  if (code.title) name.dataset.file = "";
  const whole = !code.classList.contains("growing");
  element.querySelector("[data-open-artifact]").hidden = !whole || !isArtifact(language, code.textContent);
  element.querySelector("[data-show-source]").hidden = language !== "mermaid" || !whole;
  return element;
}

// While it arrives, a diagram is code in a box of the height that the picture gets.
function addDiagram(box, code) {
  box.classList.add("code--diagram");
  if (code.classList.contains("growing")) return;
  const diagram = document.createElement("parley-diagram");
  diagram.textContent = code.textContent;
  box.append(diagram);
}

const ACTIONS = {
  // The code is looked for now: where an answer grows, an older element may have taken the place of a newer one.
  copyCode: async (box, button) => {
    if (await copy(codeIn(box).text)) confirmCopy(button);
  },
  saveCode: (box) => {
    const found = codeIn(box);
    const closing = found.text.endsWith("\n") ? "" : "\n";
    download(fileName(found), [found.text, closing]);
  },
  wrapCode: (box, button) => {
    button.setAttribute("aria-pressed", String(box.toggleAttribute("data-wrapped")));
  },
  showSource: (box, button) => {
    button.setAttribute("aria-pressed", String(box.toggleAttribute("data-source")));
  },
  openArtifact: async (box, button) => {
    const { openArtifact } = await import("parley/artifacts/panel.js");
    openArtifact(box, button);
  },
};

export function startCodeButtons() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.(".code__head button");
    const action = button && Object.keys(ACTIONS).find((name) => name in button.dataset);
    if (action) ACTIONS[action](button.closest(".code"), button);
  });
}

// Appends text to a code block that grows, and keeps the end in view for a reader who is there.
export function growCode(code, text) {
  const pre = code.parentNode;
  const atEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < NEAR_END_PX;
  code.firstChild.appendData(text);
  if (atEnd) pre.scrollTop = pre.scrollHeight;
}

// Colours the code that has no colours yet.
export function highlightIn(root) {
  for (const code of root.querySelectorAll("pre > code[class]")) {
    if (!code.childElementCount) highlightCode(code, languageOf(code));
  }
}

async function highlightCode(code, language) {
  const text = code.textContent;
  if (!language || text.length > MAX_HIGHLIGHTED_CHARACTERS) return;
  const html = await highlighted(text, language);
  if (html && code.textContent === text) code.replaceChildren(html);
}

// Returns a safe fragment of coloured code, or null for an unknown language.
export async function highlighted(text, language) {
  const { default: hljs } = await import("highlight");
  const name = hljs.getLanguage(language) ? language : normalLanguage(language);
  if (!hljs.getLanguage(name)) return null;
  return cleanCode(hljs.highlight(text, { language: name, ignoreIllegals: true }).value);
}
