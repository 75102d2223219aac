// Tables as CSV (RFC 4180), so that a spreadsheet takes them and runs nothing.

// What spreadsheets read as the beginning of a formula. Signed numbers and amounts are data.
const FORMULA = /^[\t\r ]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/;
const NUMBER = /^\s*[+-]?\s?[$€£¥₩]?\s?\d[\d.,\s\u00A0\u202F]*\s?%?$/;
const QUOTED = /[",\r\n]|^\s|\s$/;

// `rows`: a list of texts for each row. A cell that a spreadsheet would run gets an apostrophe in front.
export function toCsv(rows) {
  return rows.map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(text) {
  const inert = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
