// Popover menus: placed beside their button, operated with the keyboard, closed by a choice.

import { itemFor } from "parley/models/keys/menu_keys.js";

const GAP_PX = 4;
const MARGIN_PX = 8;

export function startMenus() {
  document.addEventListener("toggle", toggle, true);
  document.addEventListener("keydown", moveFocus);
  document.addEventListener("click", (event) => {
    const item = event.target.closest?.(".menu [role=menuitem]:not([aria-haspopup]), .menu [data-open-help]");
    item?.closest("[popover]").hidePopover();
  });
}

function toggle(event) {
  const menu = event.target;
  if (!menu.matches?.(".menu[popover]")) return;
  const button = document.querySelector(`[popovertarget="${menu.id}"]`);
  const open = event.newState === "open";
  button?.setAttribute("aria-expanded", String(open));
  if (!open || !button) return;
  place(menu, button.getBoundingClientRect());
  menu.querySelector("[role=menuitem]")?.focus();
}

// Places a menu beside its button, of which `anchor` is the rectangle.
export function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const below = anchor.bottom + GAP_PX;
  const top = below + height + MARGIN_PX > innerHeight ? anchor.top - GAP_PX - height : below;
  const left = Math.min(anchor.left, innerWidth - width - MARGIN_PX);
  menu.style.top = `${Math.max(MARGIN_PX, top)}px`;
  menu.style.left = `${Math.max(MARGIN_PX, left)}px`;
}

function moveFocus(event) {
  const menu = event.target.closest?.("[role=menu]");
  if (!menu || event.ctrlKey || event.altKey || event.metaKey) return;
  // The focus goes back to the menu's button, and Tab goes on from there.
  if (event.key === "Tab") {
    menu.closest("[popover]")?.hidePopover();
    return;
  }
  const items = [...menu.querySelectorAll("[role=menuitem]:not([hidden])")];
  const names = items.map((item) => item.textContent);
  const next = itemFor(event.key, items.indexOf(document.activeElement), names);
  if (next === null) return;
  event.preventDefault();
  items[next].focus();
}
