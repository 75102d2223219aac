// Writes what a range holds of an answer as Markdown, so that a quotation or a copy has its lists, code and formulas.

const SKIPPED =
  "button, .code__head, .table__buttons, .footnote-reference, parley-diagram, .visually-hidden, .image-link > *";
const BLOCKS =
  "P, H2, H3, H4, H5, H6, UL, OL, LI, BLOCKQUOTE, PRE, TABLE, HR, DETAILS, SUMMARY, DIV, PARLEY-MARKDOWN, SECTION";
const MARKS = { STRONG: "**", B: "**", EM: "*", I: "*", DEL: "~~", S: "~~" };
const TAGS = "SUB, SUP, KBD, MARK, INS";
// What would be markup: emphasis, code, struck text, links, tags and entities.
const ESCAPED =
  /[\\`*]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|~(?=~)|(?<=~)~|\](?=\()|<(?=!--|\/?[a-z])|&(?=#?[\da-z]+;)/giu;
// At the beginning of a line, what would make a heading, a quotation, a list, a rule or the line below a heading.
const LINE_MARK =
  /(?<=\n[ \t]*)(?:#{1,6}(?=\s|$)|>|[+-](?=\s|$)|-(?=[ \t-]+$)|=+(?=[ \t]*$)|\d{1,9}(?=[.)](?:\s|$)))/gm;

// `root`: an element of the page, of which the range holds a part.
export function selectedMarkdown(root, range) {
  return new Writer(range).blocks(root).join("\n\n").trim();
}

class Writer {
  constructor(range) {
    this.range = range;
  }

  #holds(node) {
    return this.range.intersectsNode(node) && !(node.nodeType === Node.ELEMENT_NODE && node.matches(SKIPPED));
  }

  // Returns the part of a text node that the range holds.
  #textOf(node) {
    const { startContainer, startOffset, endContainer, endOffset } = this.range;
    const start = node === startContainer ? startOffset : 0;
    return node.data.slice(start, node === endContainer ? endOffset : undefined);
  }

  // Returns the Markdown of each block in an element.
  blocks(element) {
    const found = [];
    let inline = "";
    const flush = () => {
      if (inline.trim()) found.push(escapeFirst(inline.trim()));
      inline = "";
    };
    for (const node of element.childNodes) {
      if (!this.#holds(node)) continue;
      if (node.nodeType === Node.ELEMENT_NODE && node.matches(BLOCKS)) {
        flush();
        found.push(...this.#block(node));
      } else inline += this.#inline(node);
    }
    flush();
    return found;
  }

  #block(node) {
    const { nodeName } = node;
    if (nodeName === "PRE") return this.#code(node);
    if (nodeName === "TABLE") return [this.#table(node)].filter(Boolean);
    if (nodeName === "HR") return ["---"];
    if (nodeName === "UL" || nodeName === "OL") return [this.#list(node)].filter(Boolean);
    if (nodeName === "BLOCKQUOTE") return this.#quote(node);
    if (/^H[2-6]$/.test(nodeName)) {
      const text = this.#children(node).trim();
      return text ? [`${"#".repeat(Number(nodeName[1]) - 1)} ${text}`] : [];
    }
    return this.blocks(node);
  }

  #quote(node) {
    const text = this.blocks(node).join("\n\n");
    return text ? [prefixed(text)] : [];
  }

  #list(list) {
    const loose = list.querySelector(":scope > li > p") !== null;
    let number = Number(list.getAttribute("start") ?? 1);
    const items = [];
    for (const item of list.children) {
      const mark = list.nodeName === "OL" ? `${number}. ` : "- ";
      number += 1;
      if (!this.#holds(item)) continue;
      const text = this.blocks(item).join(loose ? "\n\n" : "\n");
      if (text) items.push(mark + text.replaceAll(/\n(?=[^\n])/g, `\n${" ".repeat(mark.length)}`));
    }
    return items.join(loose ? "\n\n" : "\n");
  }

  #code(pre) {
    const text = texts(pre)
      .filter((node) => this.#holds(node))
      .map((node) => this.#textOf(node))
      .join("")
      .replace(/\n$/, "");
    const language = /language-(\S+)/.exec(pre.querySelector("code")?.className ?? "")?.[1] ?? "";
    return text.trim() ? [fenced(text, language)] : [];
  }

  #table(table) {
    const rows = [...table.rows].filter((row) => this.#holds(row));
    const lines = rows.map((row) => [...row.cells].map((cell) => this.#cell(cell)));
    if (lines.length === 1) return lines[0].filter(Boolean).join(" · ");
    const head = rows[0].parentNode.nodeName === "THEAD" ? lines.shift() : lines[0].map(() => "");
    return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  }

  #cell(cell) {
    return this.#holds(cell)
      ? this.#children(cell)
          .trim()
          .replace(/\s*\n\s*/g, "<br>")
          .replaceAll("|", "\\|")
      : "";
  }

  #children(element) {
    return [...element.childNodes]
      .filter((node) => this.#holds(node))
      .map((node) => this.#inline(node))
      .join("");
  }

  #inline(node) {
    if (node.nodeType === Node.TEXT_NODE) return escaped(this.#textOf(node), node);
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const { nodeName } = node;
    if (nodeName === "BR") return "\n";
    if (nodeName === "CODE") return this.#codeSpan(node);
    if (node.matches(".task, .task-done")) return node.matches(".task") ? "[ ]" : "[x]";
    const inner = this.#children(node);
    if (nodeName === "A" && node.hasAttribute("href")) return linked(inner, node);
    if (inner && node.matches(TAGS)) return `<${node.localName}>${inner}</${node.localName}>`;
    return marked(inner, MARKS[nodeName] ?? "");
  }

  // A formula is whole or not there.
  #codeSpan(code) {
    if (code.madeFrom !== undefined) return code.madeFrom;
    const text = texts(code)
      .filter((node) => this.#holds(node))
      .map((node) => this.#textOf(node))
      .join("");
    if (/^formula/.test(code.className) || !text) return text;
    const ticks = "`".repeat(longestRun(text, /`+/g) + 1);
    const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
    return ticks + space + text + space + ticks;
  }
}

function texts(root) {
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

const longestRun = (text, runs) => Math.max(0, ...[...text.matchAll(runs)].map(([run]) => run.length));

function fenced(text, language) {
  const fence = "`".repeat(Math.max(3, longestRun(text, /`+/g) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

// Markers stand beside words: blanks at the edges go out of them.
function marked(inner, mark) {
  const [, before, text, after] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner);
  return mark && text ? before + mark + text + mark + after : inner;
}

function linked(inner, link) {
  const address = link.getAttribute("href");
  const text = inner.trim();
  if (!text || address.startsWith("/")) return inner;
  if (isAddress(link.textContent, link.href)) return addressBefore(link);
  const image = link.matches(".image-link") ? "!" : "";
  return `${image}[${text}](${address.replaceAll("(", "%28").replaceAll(")", "%29")})`;
}

// A letter behind an address would become a part of it.
function addressBefore({ textContent, nextSibling }) {
  return URL.canParse(textContent) && /^[\p{L}\p{N}]/u.test(nextSibling?.textContent ?? "")
    ? `<${textContent}>`
    : textContent;
}

// Addresses that are written out become links by themselves.
function isAddress(text, address) {
  return ["", "http://", "mailto:"].some(
    (scheme) => URL.canParse(scheme + text) && new URL(scheme + text).href === address,
  );
}

// Lines of a cell begin nothing.
function escaped(text, node) {
  const words = text.replace(ESCAPED, "\\$&");
  if (node.parentElement.closest("td, th")) return words;
  return node.previousSibling?.nodeName === "BR" ? escapeLines(`\n${words}`).slice(1) : escapeLines(words);
}

const escapeLines = (text) =>
  text.replace(LINE_MARK, (mark) => (/^\d/.test(mark) ? `${mark}\\` : `\\${mark}`));

function escapeFirst(text) {
  const [first, ...others] = text.split("\n");
  return [escapeLines(`\n${first}`).slice(1), ...others].join("\n");
}

export function prefixed(text) {
  return text
    .split("\n")
    .map((line) => (line ? `> ${line}` : ">"))
    .join("\n");
}
