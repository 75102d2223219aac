// Makes the theme's pages usable with a keyboard and a screen reader: hides the names of icons, turns clickable
// elements into buttons, and labels fields in lists.
{
  const CLICKABLE =
    "span[x-on\\:click], div.cursor-pointer[x-on\\:click], a[x-on\\:click]:not([href]), a[x-on\\:click][href='#'], a.cursor-pointer:not([href])";

  const hideIcons = (root) => {
    for (const icon of root.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
      if (!icon.matches(CLICKABLE)) icon.setAttribute("aria-hidden", "true");
    }
  };

  // The name of an icon that is a button by itself.
  const ICON_NAMES = { dock_to_right: "menu", close: "close", more_horiz: "actions", more_vert: "actions" };

  const makeButtons = (root, words) => {
    for (const node of root.querySelectorAll(CLICKABLE)) {
      if (node.hasAttribute("role")) continue;
      node.setAttribute("role", "button");
      node.tabIndex = 0;
      const icon = node.textContent.trim();
      if (ICON_NAMES[icon]) node.setAttribute("aria-label", words[ICON_NAMES[icon]]);
    }
  };

  const nameLandmarks = (root, words) => {
    root.querySelector("#main")?.setAttribute("role", "main");
    root.querySelector("#searchbar-submit")?.setAttribute("aria-label", words.search);
    root.querySelector("#searchbar")?.setAttribute("aria-label", words.search);
    // A box that scrolls is no landmark of the page.
    for (const box of root.querySelectorAll(".simplebar-content-wrapper[role=region]")) {
      box.setAttribute("role", "group");
      box.removeAttribute("aria-label"); // in English in every language
    }
  };

  const pressWithKeys = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    const node = event.target;
    if (node.getAttribute?.("role") !== "button" || /^(BUTTON|SUMMARY)$/.test(node.tagName)) return;
    event.preventDefault();
    node.click();
  };

  // A field in a list is named by its column and its row.
  const labelCells = (root) => {
    for (const cell of root.querySelectorAll("#result_list td[data-label]")) {
      const row = cell.closest("tr")?.querySelector("th")?.textContent.trim() ?? "";
      for (const field of cell.querySelectorAll("input:not([type=hidden]), select")) {
        if (!field.labels?.length && !field.hasAttribute("aria-label")) {
          field.setAttribute("aria-label", `${cell.dataset.label}: ${row}`);
        }
      }
    }
  };

  // In inline tables a field is named by the head of its column.
  const labelInlines = (root) => {
    for (const table of root.querySelectorAll("table.formset")) {
      for (const field of table.querySelectorAll("input:not([type=hidden]), select, textarea")) {
        if (field.labels?.length || field.hasAttribute("aria-label")) continue;
        const column = [...(field.closest("td")?.classList ?? [])].find((name) => name.startsWith("field-"));
        const head = column && table.querySelector(`th.${column.replace("field-", "column-")}`);
        if (head)
          field.setAttribute("aria-label", head.firstElementChild?.firstElementChild?.textContent.trim());
      }
    }
  };

  // Select2 puts a combobox and a search field beside the select, both without a name.
  const labelSelects = (root) => {
    for (const select of root.querySelectorAll("select.select2-hidden-accessible")) {
      const name =
        select.labels?.[0]?.textContent.replace("*", "").trim() || select.getAttribute("aria-label");
      const box = select.nextElementSibling;
      if (!name || !box) continue;
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox], .select2-search__field")) {
        part.removeAttribute("aria-labelledby");
        part.setAttribute("aria-label", name);
      }
      const chosen = box.querySelector("ul.select2-selection__rendered");
      chosen?.setAttribute("aria-label", name);
      chosen?.setAttribute("role", "list"); // besides its rows it holds the button that clears it
    }
    for (const search of root.querySelectorAll(
      ".select2-dropdown .select2-search__field:not([aria-label])",
    )) {
      search.setAttribute("aria-label", search.placeholder || document.title);
    }
  };

  const nameHeads = (root, words) => {
    for (const head of root.querySelectorAll("thead th")) {
      if (!head.textContent.trim() && !head.querySelector("input") && !head.hasAttribute("aria-label")) {
        head.setAttribute("aria-label", words.actions);
        const text = document.createElement("span");
        text.className = "sr-only";
        text.textContent = words.actions;
        head.append(text);
      }
    }
  };

  // After a refused save the first wrong field comes into view, free of the bar at the bottom.
  const showFirstError = () => {
    const line = document.querySelector(".field-line.errors, td .errorlist, .formset td.errors");
    if (!line) return;
    line.scrollIntoView({ block: "center" });
    line.querySelector("input:not([type=hidden]), select, textarea")?.focus({ preventScroll: true });
  };

  const start = () => {
    const words = JSON.parse(document.getElementById("admin-words")?.textContent ?? "{}");
    const improve = () => {
      nameLandmarks(document, words);
      hideIcons(document);
      makeButtons(document, words);
      labelCells(document);
      labelInlines(document);
      labelSelects(document);
      nameHeads(document, words);
    };
    improve();
    showFirstError();
    document.addEventListener("keydown", pressWithKeys);
    let due = false;
    new MutationObserver(() => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        due = false;
        improve();
      });
    }).observe(document.body, { childList: true, subtree: true });
  };

  document.addEventListener("DOMContentLoaded", start);
}
