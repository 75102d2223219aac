// The choice between the system's theme, light and dark. classic/apply_theme.js applies it before the first paint.

const KEY = "parley.theme";

export function startThemeChoice(storage) {
  const current = document.documentElement.dataset.theme ?? "";
  for (const input of document.querySelectorAll("[data-theme-choice] input")) {
    input.checked = input.value === current;
    input.addEventListener("change", () => choose(storage, input.value));
  }
}

function choose(storage, theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    if (theme) storage.setItem(KEY, theme);
    else storage.removeItem(KEY);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}
