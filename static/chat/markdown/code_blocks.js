// Code blocks get a head with their language and a Copy button, and their colours.

import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { cleanCode } from "parley/markdown/sanitize.js";

const MAX_HIGHLIGHTED_CHARACTERS = 60_000;

// `highlight`: also colour the code, which is done when the block is complete.
export function decorateCode(root, { highlight = false } = {}) {
  for (const pre of root.querySelectorAll("pre")) {
    const code = pre.querySelector("code");
    if (!code) continue;
    const language = code.className.replace("language-", "");
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", language || translate("code"));
    pre.setAttribute("role", "group");
    const box = document.createElement("div");
    box.className = "code";
    pre.replaceWith(box);
    box.append(head(language), pre);
    if (highlight && language) highlightCode(code, language);
  }
}

function head(language) {
  const element = fromTemplate("code-head");
  element.querySelector(".code__language").textContent = language || translate("code");
  const button = element.querySelector(".code__copy");
  button.querySelector("span").textContent = translate("copy_code");
  button.addEventListener("click", async () => {
    // Not `code`: where an answer grows, an older element may have taken its place.
    const { textContent } = button.closest(".code").querySelector("pre > code");
    if (await copy(textContent)) confirmCopy(button);
  });
  return element;
}

// A button of each block wraps its long lines.
export function startCodeWrap() {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-wrap-code]");
    if (!button) return;
    const wrapped = button.closest(".code").toggleAttribute("data-wrapped");
    button.setAttribute("aria-pressed", String(wrapped));
  });
}

// Colours the code that has no colours yet.
export function highlightIn(root) {
  for (const code of root.querySelectorAll("pre > code[class]")) {
    if (!code.childElementCount) highlightCode(code, code.className.replace("language-", ""));
  }
}

async function highlightCode(code, language) {
  const text = code.textContent;
  if (text.length > MAX_HIGHLIGHTED_CHARACTERS) return;
  const { default: hljs } = await import("highlight");
  if (!hljs.getLanguage(language) || code.textContent !== text) return;
  code.replaceChildren(cleanCode(hljs.highlight(text, { language, ignoreIllegals: true }).value));
}
