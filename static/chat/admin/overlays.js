// Gives dialogs and menus of the theme what a keyboard needs: the focus moves into them, stays inside a dialog, leaves
// a menu with Escape, and returns to where it was.
{
  const FIELDS = "a[href], button, input:not([type=hidden]), select, textarea, [tabindex='0'], [role=button]";
  const MENUS = "nav[x-show^=openUserLinks], nav[x-show^=openActionsId], nav[x-show^=openDropdown]";

  // On wide screens the filters stand beside the list.
  const isOpen = (node) =>
    node.checkVisibility() &&
    (node.id !== "changelist-filter" || getComputedStyle(node).position === "fixed");
  const fieldsOf = (node) => [...node.querySelectorAll(FIELDS)].filter((field) => field.checkVisibility());

  const open = new Map(); // what is open, and what had the focus before
  let lastFocused = null; // outside of all overlays

  const enter = (node) => {
    open.set(node, lastFocused);
    if (node.matches("#modal-content")) {
      node.setAttribute("role", "dialog");
      node.setAttribute("aria-modal", "true");
      node.setAttribute("aria-label", node.querySelector("h1")?.textContent.trim() ?? document.title);
    }
    const fields = fieldsOf(node);
    const first = node.matches("#modal-content")
      ? (fields.find((field) => field.matches("input, select, textarea, [type=submit]")) ?? fields[0])
      : fields[0];
    first?.focus();
  };

  const leave = (node) => {
    const before = open.get(node);
    open.delete(node);
    const lost = document.activeElement === document.body || node.contains(document.activeElement);
    if (lost && before?.isConnected) before.focus();
  };

  const check = () => {
    for (const node of document.querySelectorAll(`#modal-content, #changelist-filter, ${MENUS}`)) {
      const shown = isOpen(node) && (node.id !== "modal-content" || node.childElementCount > 0);
      if (shown && !open.has(node)) enter(node);
      else if (!shown && open.has(node)) leave(node);
    }
  };

  const stayInside = (event) => {
    if (event.key !== "Tab") return;
    const node = [...open.keys()].findLast((each) => !each.matches(MENUS));
    if (!node) return;
    const fields = fieldsOf(node);
    const end = event.shiftKey ? fields[0] : fields.at(-1);
    if (node.contains(document.activeElement) && document.activeElement !== end) return;
    event.preventDefault();
    (event.shiftKey ? fields.at(-1) : fields[0])?.focus();
  };

  const closeMenu = (event) => {
    if (event.key !== "Escape") return;
    const menu = [...open.keys()].findLast((each) => each.matches(MENUS));
    open.get(menu)?.click(); // what opened it closes it
  };

  document.addEventListener("focusin", (event) => {
    if (![...open.keys()].some((node) => node.contains(event.target))) lastFocused = event.target;
  });
  document.addEventListener("keydown", stayInside);
  document.addEventListener("keydown", closeMenu);
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => requestAnimationFrame(check)).observe(document.body, {
      attributes: true,
      attributeFilter: ["style", "class"],
      childList: true,
      subtree: true,
    });
  });
}
