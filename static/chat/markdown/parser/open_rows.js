// Long lists and tables that still grow: all rows but the last ones are final, so that only these are read again.

// A row can be changed by the line behind it, and a line may be half of one.
const OPEN_ROWS = 3;
const LEAST_ROWS = 40;

// Returns {final, rest}: the token of a list or table divided into its final rows and the others; null for a short one
// and for all other tokens.
export function finalRows(token) {
  const rows = rowsOf(token);
  const count = rows ? rows.length - OPEN_ROWS : 0;
  if (count < (token.continues ? 1 : LEAST_ROWS)) return null;
  const raw = token.type === "list" ? rawOfItems(token, count) : rawOfLines(token, count);
  return {
    final: { ...withRows(token, rows.slice(0, count)), raw, partial: true },
    rest: { ...withRows(token, rows.slice(count)), raw: token.raw.slice(raw.length), continues: true },
  };
}

const rowsOf = (token) => ({ list: token.items, table: token.rows })[token.type] ?? null;
const withRows = (token, rows) => (token.type === "list" ? { ...token, items: rows } : { ...token, rows });

const rawOfItems = (list, count) =>
  list.items
    .slice(0, count)
    .map((item) => item.raw)
    .join("");

// Each row of a table is one line, behind its head and the line of dashes.
function rawOfLines(table, count) {
  const lines = table.continues ? count : count + 2;
  let end = 0;
  for (let line = 0; line < lines; line += 1) end = table.raw.indexOf("\n", end) + 1;
  return table.raw.slice(0, end);
}

// The rows of a list or table that are final, of which the text behind them is the rest.
export class OpenRows {
  // `token`: as finalRows returns it. `before`: the rows that it continues, or null.
  constructor(token, before) {
    this.type = token.type;
    this.loose = token.loose ?? false;
    // A table's rows are read behind its head.
    this.head = before?.head ?? (token.type === "table" ? rawOfLines(token, 0) : "");
  }

  // Makes the first of the tokens, which were read behind `head`, a part of these rows. An item that stands apart sets
  // all items of a list apart.
  join(tokens) {
    const [first] = tokens;
    if (first?.type !== this.type) return;
    first.continues = true;
    first.raw = first.raw.slice(this.head.length);
    if (this.loose && !first.loose) loosen(first);
  }

  // Returns whether the tokens go on as these rows did.
  goesOn([first]) {
    return first?.type === this.type && (this.type === "table" || first.loose === this.loose);
  }
}

export const beginsWithRows = (tokens, rows) => rows === null || rows.goesOn(tokens);

// As marked does it.
function loosen(list) {
  list.loose = true;
  for (const item of list.items) {
    item.loose = true;
    for (const token of item.tokens) if (token.type === "text") token.type = "paragraph";
    const [box, text] = item.tokens;
    if (box?.type !== "checkbox") continue;
    if (text?.type === "paragraph") {
      item.tokens.shift();
      text.tokens.unshift(box);
    } else item.tokens[0] = { type: "paragraph", tokens: [box] };
  }
}
