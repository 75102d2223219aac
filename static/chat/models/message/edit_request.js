// The message that asks for a change at a marked place of an artifact.

import { normalLanguage } from "parley/models/text/code_files.js";

// `artifact`: {title, version, language, text}. `lines`: {from, to}, counted from 1, or null for the whole.
// `translate`: as in lib/page.js.
export function editRequest(artifact, lines, wish, translate) {
  const { title, version, language, text } = artifact;
  const values = { title: title || language || translate("code"), version, ...lines };
  if (!lines) return [wish, translate("edit_whole", values)].join("\n\n");
  const marked = text
    .split("\n")
    .slice(lines.from - 1, lines.to)
    .join("\n");
  return [wish, translate("edit_lines", values), fenced(marked, normalLanguage(language))].join("\n\n");
}

function fenced(text, language) {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
