// What in an answer is an artifact: a whole page, picture, document or program that can be opened beside the thread.
// Later blocks of the same kind and title are its newer versions.

import { kindOf, normalLanguage } from "parley/models/text/code_files.js";

const LEAST_CHARACTERS = { html: 200, svg: 120, markdown: 500, code: 600 };
const LEAST_LINES = { html: 5, svg: 1, markdown: 10, code: 16 };
const LONGEST_TITLE = 80;
// Output and changes are read where they stand.
const NEVER = new Set(["mermaid", "console", "diff", "text", "plaintext", "log"]);

export function isArtifact(language, text) {
  if (NEVER.has(normalLanguage(language))) return false;
  const kind = kindOf(language, text);
  return text.length >= LEAST_CHARACTERS[kind] && lines(text) >= LEAST_LINES[kind];
}

function lines(text) {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

// Returns the title that the text gives itself, or "".
export function titleIn(kind, text, file = "") {
  const start = text.slice(0, 20_000);
  const found = {
    html: () => /<title[^>]*>([^<]+)</i.exec(start)?.[1] ?? /<h1[^>]*>([^<]+)</i.exec(start)?.[1],
    svg: () =>
      /<title[^>]*>([^<]+)</i.exec(start)?.[1] ?? /<svg[^>]*\saria-label="([^"]+)"/i.exec(start)?.[1],
    markdown: () => /^#{1,6}[ \t]+(.+?)[ \t]*#*$/m.exec(start)?.[1],
    code: () => "",
  }[kind]();
  return (file || plain(found ?? "")).slice(0, LONGEST_TITLE);
}

function plain(text) {
  const named = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " };
  const read = text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_match, name) => named[name]);
  return read.replace(/[*_`]/g, "").replace(/\s+/g, " ").trim();
}

// `blocks`: [{language, text, file}, …] in the order of the thread. Returns an artifact {kind, key, title, version, …}
// for each block, null for those that are none; `version` counts from 1 for each key.
export function withVersions(blocks) {
  const counts = new Map();
  return blocks.map((block) => {
    if (!isArtifact(block.language, block.text)) return null;
    const kind = kindOf(block.language, block.text);
    const title = titleIn(kind, block.text, block.file);
    const name = kind === "code" && !block.file ? normalLanguage(block.language) : title.toLowerCase();
    const key = `${kind}:${name}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return { ...block, kind, key, title, version: counts.get(key) };
  });
}
