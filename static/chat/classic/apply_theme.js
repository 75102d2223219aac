// Applies the chosen theme before the first paint, so that no other theme flashes. A module would run too late.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("parley.theme");
  } catch {
    // Storage may be forbidden; the system's theme is used then.
  }
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
