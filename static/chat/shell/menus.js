// Popover menus: placed beside their button, moved through with the arrow keys, closed by a choice.

const GAP = 4;
const MARGIN = 8;

export function startMenus() {
  document.addEventListener("toggle", toggled, true);
  document.addEventListener("keydown", moved);
  document.addEventListener("click", (event) => {
    const item = event.target.closest?.(".menu [role=menuitem], .menu [data-open-help]");
    item?.closest("[popover]").hidePopover();
  });
}

function toggled(event) {
  const menu = event.target;
  if (!menu.matches?.(".menu[popover]")) return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  const open = event.newState === "open";
  button?.setAttribute("aria-expanded", String(open));
  if (!open || !button) return;
  place(menu, button.getBoundingClientRect());
  menu.querySelector("[role=menuitem]")?.focus();
}

function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const below = anchor.bottom + GAP;
  const top = below + height + MARGIN > innerHeight ? anchor.top - GAP - height : below;
  const left = Math.min(anchor.left, innerWidth - width - MARGIN);
  menu.style.top = `${Math.max(MARGIN, top)}px`;
  menu.style.left = `${Math.max(MARGIN, left)}px`;
}

function moved(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = event.target.closest?.("[role=menu]");
  if (!step || !menu) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  const next = (items.indexOf(document.activeElement) + step + items.length) % items.length;
  items[next].focus();
}
