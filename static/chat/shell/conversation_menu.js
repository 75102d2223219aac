// The menu of a row in the list of conversations. The page holds one; a row gets its copy when it is opened first.

import { fromHtml } from "parley/lib/fragments.js";

export function startConversationMenus(sidebar) {
  // While the event goes down: the button's own action, which opens the menu, comes after all listeners.
  sidebar.addEventListener(
    "click",
    ({ target }) => {
      const button = target.closest(".conversation__more");
      if (button && button.nextElementSibling === null) addMenu(button);
    },
    true,
  );
}

function addMenu(button) {
  const row = button.closest(".conversation");
  const template = document.getElementById("conversation-menu");
  const [menu] = fromHtml(template.innerHTML.replaceAll(template.dataset.id, row.dataset.conversation));
  for (const item of menu.querySelectorAll("[data-if]")) item.dataset.if in row.dataset || item.remove();
  for (const item of menu.querySelectorAll("[data-unless]"))
    item.dataset.unless in row.dataset && item.remove();
  button.after(menu);
  globalThis.htmx?.process(menu);
}
