// Tables as CSV (RFC 4180), so that a spreadsheet takes them and runs nothing.

// What spreadsheets read as the beginning of a formula. Signed numbers, amounts, measures (-5 °C, +0.3 %p) and signs alone
// are data: none of them names a cell or a function.
const FORMULA = /^[\t\r ]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/;
const NUMBER = /^\s*[+-]?\s?[$€£¥₩]?\s?\d[\d.,\s\u00A0\u202F]*(?:[eE][+-]?\d{1,3}|[\p{L}%‰°µ²³·]{1,8})?$/u;
const SIGNS = /^[\s+-]+$/;
const QUOTED = /[",\r\n]|^\s|\s$/;

// `rows`: a list of texts for each row. A cell that a spreadsheet would run gets an apostrophe in front.
export function toCsv(rows) {
  return rows.map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(text) {
  const inert = FORMULA.test(text) && !NUMBER.test(text) && !SIGNS.test(text) ? `'${text}` : text;
  return QUOTED.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
