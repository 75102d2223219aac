// Wide tables scroll inside a box of their own. A table is copied as a spreadsheet takes it, and saved as CSV.

import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { download } from "parley/lib/download.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { toCsv } from "parley/models/text/csv.js";

// Without it, spreadsheets read Korean as Latin letters.
const BYTE_ORDER_MARK = "\uFEFF";

export function decorateTables(root) {
  for (const table of root.querySelectorAll("table")) {
    const frame = fromTemplate("table-frame");
    const box = frame.querySelector(".table");
    box.setAttribute("aria-label", translate("table"));
    table.replaceWith(frame);
    box.append(table);
  }
}

export function startTableButtons() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy-table], [data-save-table]");
    const table = button?.closest(".table-frame").querySelector("table");
    if (!table) return;
    const rows = rowsOf(table);
    if ("saveTable" in button.dataset) {
      download(`${translate("table")}.csv`, [BYTE_ORDER_MARK, toCsv(rows)], "text/csv;charset=utf-8");
    } else if (await copy(rows.map((cells) => cells.join("\t")).join("\n"))) confirmCopy(button);
  });
}

function rowsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map(textOf));
}

// Formulas are written as they were typed; a line break is a blank; the numbers of notes and sources are left out, because
// 42 with note 1 would be 421. Not `innerText`, which lays out each cell.
function textOf(cell) {
  const copied = cell.cloneNode(true);
  const formulas = [...cell.querySelectorAll("code[data-set]")];
  for (const [place, code] of copied.querySelectorAll("code[data-set]").entries()) {
    code.textContent = formulas[place].madeFrom;
  }
  for (const mark of copied.querySelectorAll(".footnote-reference, .citation")) mark.remove();
  for (const line of copied.querySelectorAll("br")) line.replaceWith(" ");
  return copied.textContent.replace(/\s+/g, " ").trim();
}
