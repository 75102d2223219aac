// Code blocks get a head with their language and a Copy button; wide tables scroll inside a box of their own.

import { confirmCopy, copy, fromTemplate } from "parley/lib/browser.js";
import { words } from "parley/lib/page.js";
import { cleanCode } from "parley/lib/sanitize.js";

const LONGEST_COLOURED = 60_000;

export function dressTables(root) {
  for (const table of root.querySelectorAll("table")) {
    const box = document.createElement("div");
    box.className = "table";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", words("table"));
    table.replaceWith(box);
    box.append(table);
  }
}

export function dressCode(root, { colour = false } = {}) {
  for (const pre of root.querySelectorAll("pre")) {
    const code = pre.querySelector("code");
    if (!code) continue;
    const language = code.className.replace("language-", "");
    pre.tabIndex = 0;
    pre.setAttribute("aria-label", language || words("code"));
    pre.setAttribute("role", "region");
    const box = document.createElement("div");
    box.className = "code";
    pre.replaceWith(box);
    box.append(head(language, code), pre);
    if (colour && language) colourCode(code, language);
  }
}

function head(language, code) {
  const element = fromTemplate("code-head");
  element.querySelector(".code__language").textContent = language || words("code");
  const button = element.querySelector("button");
  button.querySelector("span").textContent = words("copy_code");
  button.addEventListener("click", async () => {
    if (await copy(code.textContent)) confirmCopy(button);
  });
  return element;
}

async function colourCode(code, language) {
  const text = code.textContent;
  if (text.length > LONGEST_COLOURED) return;
  const { default: hljs } = await import("highlight");
  if (!hljs.getLanguage(language)) return;
  code.replaceChildren(cleanCode(hljs.highlight(text, { language, ignoreIllegals: true }).value));
}
