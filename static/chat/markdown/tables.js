// Wide tables scroll inside a box of their own.

import { translate } from "parley/lib/page.js";

export function decorateTables(root) {
  for (const table of root.querySelectorAll("table")) {
    const box = document.createElement("div");
    box.className = "table";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", translate("table"));
    table.replaceWith(box);
    box.append(table);
  }
}
