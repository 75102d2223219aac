// What models write in diagrams and Mermaid does not read: labels with parentheses that lack their quotation marks,
// nodes with the name `end`, and semicolons in the messages of a sequence.

const FLOWCHART = /^\s*(?:graph|flowchart)\b/m;
const SEQUENCE = /^\s*sequenceDiagram\b/m;
const OTHER_LINE = /^\s*(?:%%|classDef\b|class\b|style\b|linkStyle\b|click\b|end\s*;?\s*$)/;
// What stands around the label of a node.
const SHAPES = ["(( ))", "([ ])", "[( )]", "[[ ]]", "[/ /]", "{{ }}", "[ ]", "{ }", "( )"].map((shape) =>
  shape.split(" "),
);
const NAME = String.raw`(?<![\p{L}\p{N}_-])(?<name>[\p{L}\p{N}_-]*[\p{L}\p{N}_]) ?`;
// The limit keeps the time of a long line of open brackets from growing with its square.
const UNQUOTED = String.raw`(?![[({/]*")(.{1,400}?)`;
const NODE_ENDS = String.raw`(?=\s*(?:$|[;&<]|[ox]?--|==|-\.|~~~|:::))`;
const literal = (marks) => marks.replace(/[[\](){}/]/g, "\\$&");
// A quoted text; a node with the name `end` and no label; the label of an edge; a node with its label.
const PARTS = new RegExp(
  [
    String.raw`"[^"]*"`,
    String.raw`(?<![\p{L}\p{N}_-])(?<end>end)(?![\p{L}\p{N}_-]| ?[[({])`,
    String.raw`\|(?<between>[^|"]+)\|`,
    String.raw`(?<!-)--\s+(?<along>[^\s"][^"|]*?)\s+(?=--)`,
    `${NAME}(?:${SHAPES.map(([opens, closes]) => literal(opens) + UNQUOTED + literal(closes)).join("|")})${NODE_ENDS}`,
  ].join("|"),
  "gu",
);
const SEMICOLON = /(?<![#&][\p{L}\p{N}]{1,8});/gu;

// Returns the source as Mermaid may read it, or the source itself where nothing is to be mended.
export function repaired(source) {
  if (FLOWCHART.test(source)) return changed(source, (line) => line.replace(PARTS, quoted));
  if (SEQUENCE.test(source)) return changed(source, escapeSemicolons);
  return source;
}

function changed(source, change) {
  const lines = source.split("\n");
  return lines.map((line) => (OTHER_LINE.test(line) ? line : change(line))).join("\n");
}

function quoted(written, ...found) {
  const { end, between, along, name } = found.at(-1);
  if (end) return 'end_["end"]';
  if (between) return `|${text(between)}|`;
  if (along) return `-- ${text(along)} `;
  if (!name) return written;
  const labels = found.slice(-3 - SHAPES.length, -3);
  const shape = labels.findIndex((label) => label !== undefined);
  const [opens, closes] = SHAPES[shape];
  return `${name === "end" ? "end_" : name}${opens}${text(labels[shape])}${closes}`;
}

const text = (label) => `"${label.trim().replaceAll('"', "#quot;")}"`;

function escapeSemicolons(line) {
  const colon = line.indexOf(":");
  return line.slice(0, colon + 1) + line.slice(colon + 1).replace(SEMICOLON, "#59;");
}
