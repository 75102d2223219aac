// Wide tables scroll inside a box of their own, and a table is copied as a spreadsheet takes it.

import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";

export function decorateTables(root) {
  for (const table of root.querySelectorAll("table")) {
    const frame = fromTemplate("table-frame");
    const box = frame.querySelector(".table");
    box.setAttribute("aria-label", translate("table"));
    table.replaceWith(frame);
    box.append(table);
  }
}

export function startTableCopy() {
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy-table]");
    const table = button?.parentElement.querySelector("table");
    if (table && (await copy(separatedByTabs(table)))) confirmCopy(button);
  });
}

function separatedByTabs(table) {
  const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()));
  return rows.map((cells) => cells.map((text) => text.replace(/\s+/g, " ")).join("\t")).join("\n");
}
