// The choice between the system's theme, light and dark. classic/apply_choices.js applies it before the first paint.
// The admin shares it (admin/theme.js). The server keeps it with the person, for other browsers.

import { page } from "parley/lib/page.js";

const KEY = "parley.theme";
const UNSAVED = "parley.unsaved";

export function startThemeChoice(storage) {
  const inputs = [...document.querySelectorAll("[data-theme-choice] input")];
  const check = (theme) => {
    for (const input of inputs) input.checked = input.value === theme;
  };
  check(document.documentElement.dataset.theme ?? "");
  for (const input of inputs) {
    input.addEventListener("change", () => choose(storage, input.value));
  }
  // Another page of the browser chose.
  const follow = () => {
    const theme = chosen(storage);
    apply(theme);
    check(theme);
  };
  addEventListener("storage", (event) => event.key === KEY && follow());
  addEventListener("pageshow", (event) => event.persisted && follow());
  // An earlier page could not tell the server, or the admin chose.
  if ([page.person, "admin"].includes(storage.getItem(UNSAVED))) save(storage, chosen(storage));
}

function chosen(storage) {
  const theme = storage.getItem(KEY);
  return theme === "light" || theme === "dark" ? theme : "";
}

function apply(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new Event("parley:theme"));
}

function choose(storage, theme) {
  apply(theme);
  try {
    if (theme) storage.setItem(KEY, theme);
    else storage.removeItem(KEY);
    storage.setItem(UNSAVED, page.person);
  } catch {
    // Without storage the choice lasts until the page is closed, or comes from the server.
  }
  save(storage, theme);
}

async function save(storage, theme) {
  const body = new URLSearchParams({ theme });
  const headers = { "X-CSRFToken": page.csrf };
  try {
    const response = await fetch("/preferences", { method: "POST", body, headers, keepalive: true });
    if (response.ok && chosen(storage) === theme) storage.removeItem(UNSAVED);
  } catch {
    // Offline: the next page tells the server.
  }
}
