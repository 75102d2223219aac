// Links as tokens, and their parts behind the text: (destination "title") and [label].

const LONGEST = 4000;
const SPACES = /[ \t]*\n?[ \t]*/y;
const ANGLED = /<((?:\\.|[^\\<>\n])*)>/y;
const TITLE = /"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|\(((?:\\[\s\S]|[^()\\])*)\)/y;
const ESCAPE = /\\([!-/:-@[-`{-~])/g;
const DEEPEST = 32;

export const unescaped = (text) => text.replace(ESCAPE, "$1");

// Returns the label as references and definitions are compared, as marked does.
export function normalLabel(label) {
  return label.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase().toLowerCase();
}

// Returns {href, title, end} of the "(…)" at `at`, or null.
export function linkTail(source, at) {
  if (source[at] !== "(") return null;
  const text = source.slice(at, at + LONGEST);
  const found = destination(text, skip(text, 1));
  if (!found) return null;
  let place = skip(text, found.end);
  let title = "";
  if (place > found.end && text[place] !== ")") {
    TITLE.lastIndex = place;
    const quoted = TITLE.exec(text);
    if (!quoted) return null;
    title = unescaped(quoted[1] ?? quoted[2] ?? quoted[3]);
    place = skip(text, TITLE.lastIndex);
  }
  return text[place] === ")" ? { href: unescaped(found.text), title, end: at + place + 1 } : null;
}

function skip(text, at) {
  SPACES.lastIndex = at;
  return at + SPACES.exec(text)[0].length;
}

function destination(text, at) {
  if (text[at] === "<") {
    ANGLED.lastIndex = at;
    const angled = ANGLED.exec(text);
    return angled && { text: angled[1], end: at + angled[0].length };
  }
  let depth = 0;
  let end = at;
  for (; end < text.length; end += 1) {
    const character = text[end];
    if (character <= " ") break;
    if (character === "\\") end += 1;
    else if (character === "(" && (depth += 1) > DEEPEST) return null;
    else if (character === ")" && (depth -= 1) < 0) break;
  }
  // A backslash at the end of the text counts as one character too many.
  return depth > 0 ? null : { text: text.slice(at, end), end: Math.min(end, text.length) };
}

export function autolinkNode(href, text) {
  return { type: "link", autolink: true, href, text, tokens: [{ type: "text", text }] };
}

// Links hold no links: an address within the text of one is text.
export function withoutAutolink(node) {
  return node.type === "link" && node.autolink ? node.tokens[0] : node;
}

export function linkNode({ href, title }, tokens, image) {
  if (image) return { type: "image", href, title, text: plainText(tokens) };
  const depth = tokens.reduce((deepest, token) => Math.max(deepest, token.depth ?? 0), 0);
  return { type: "link", href, title, tokens, depth };
}

function plainText(tokens) {
  return tokens.map((token) => (token.tokens ? plainText(token.tokens) : (token.text ?? ""))).join("");
}
