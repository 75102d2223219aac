// What a code block is as a file: its name, its kind and its media type.

const EXTENSIONS = {
  bash: "sh",
  batch: "bat",
  c: "c",
  "c++": "cpp",
  "c#": "cs",
  clojure: "clj",
  console: "txt",
  cpp: "cpp",
  csharp: "cs",
  css: "css",
  csv: "csv",
  dart: "dart",
  diff: "diff",
  dockerfile: "dockerfile",
  elixir: "ex",
  erlang: "erl",
  fsharp: "fs",
  go: "go",
  graphql: "graphql",
  haskell: "hs",
  hcl: "tf",
  html: "html",
  ini: "ini",
  java: "java",
  javascript: "js",
  json: "json",
  jsonl: "jsonl",
  julia: "jl",
  kotlin: "kt",
  latex: "tex",
  lua: "lua",
  makefile: "mk",
  markdown: "md",
  matlab: "m",
  mermaid: "mmd",
  nginx: "conf",
  objectivec: "m",
  ocaml: "ml",
  perl: "pl",
  php: "php",
  plaintext: "txt",
  powershell: "ps1",
  proto: "proto",
  protobuf: "proto",
  python: "py",
  r: "r",
  ruby: "rb",
  rust: "rs",
  scala: "scala",
  scss: "scss",
  shell: "sh",
  solidity: "sol",
  sql: "sql",
  svelte: "svelte",
  svg: "svg",
  swift: "swift",
  terraform: "tf",
  tex: "tex",
  text: "txt",
  toml: "toml",
  typescript: "ts",
  vbnet: "vb",
  vue: "vue",
  xml: "xml",
  yaml: "yaml",
  zig: "zig",
  zsh: "sh",
};
// Other words for the same languages.
const ALIASES = {
  cc: "cpp",
  cs: "csharp",
  htm: "html",
  js: "javascript",
  jsx: "jsx",
  kt: "kotlin",
  md: "markdown",
  mjs: "javascript",
  py: "python",
  python3: "python",
  rb: "ruby",
  rs: "rust",
  sh: "bash",
  ts: "typescript",
  txt: "text",
  xhtml: "html",
  yml: "yaml",
};
const NAMED =
  /(?:^|[\s{,])(?:title|file|filename|name)\s*=\s*(?:"([^"\n]{1,200})"|'([^'\n]{1,200})'|([^\s"'}]{1,200}))/i;
const FILE = /^[\w.@+-][\w.@+ -]*\.[A-Za-z][A-Za-z0-9]{0,9}$/;
const COMMENT =
  /^\s*(?:#|\/\/|--|;|\/\*|<!--|%)\s*(?:file(?:name)?:\s*)?([\w./@+-]{1,200})\s*(?:\*\/|-->)?\s*$/i;
const SVG = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)?<svg[\s>]/i;
const PAGE = /^\s*(?:<!--[\s\S]{0,2000}?-->\s*)?<(?:!doctype\s+html|html[\s>])/i;

// Returns the file name in the info string of a fence, such as ```python title="app.py" or ```py:src/app.py, or "".
export function fileNameIn(info) {
  const named = NAMED.exec(info);
  const candidates = [named?.[1] ?? named?.[2] ?? named?.[3], info.split(/\s+/)[1], info.split(":")[1], info];
  return candidates.map((name) => baseName(name ?? "")).find((name) => FILE.test(name)) ?? "";
}

const baseName = (path) => path.trim().split(/[/\\]/).at(-1);

export function normalLanguage(language) {
  const name = language.toLowerCase();
  return ALIASES[name] ?? name;
}

// Returns "html", "svg", "markdown" or "code": what a whole block of code can be shown as.
export function kindOf(language, text) {
  const name = normalLanguage(language);
  if (name === "markdown") return "markdown";
  if (["svg", "xml", "html", ""].includes(name) && SVG.test(text)) return "svg";
  if (name === "html" || (name === "" && PAGE.test(text))) return "html";
  return "code";
}

// Returns a name under which the code can be saved. `file`: the name that the answer gave it, or "".
export function fileName({ language = "", text = "", file = "", title = "" }) {
  if (file) return file;
  const commented = baseName(COMMENT.exec(text.slice(0, 400).split("\n", 1)[0])?.[1] ?? "");
  if (FILE.test(commented)) return commented;
  const slug = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  const name = normalLanguage(language);
  if (name === "dockerfile" && !slug) return "Dockerfile";
  const kind = kindOf(language, text);
  const extension =
    kind === "code" ? (EXTENSIONS[name] ?? (/^[a-z0-9]{1,8}$/.test(name) ? name : "txt")) : null;
  return `${slug || "code"}.${extension ?? { html: "html", svg: "svg", markdown: "md" }[kind]}`;
}
