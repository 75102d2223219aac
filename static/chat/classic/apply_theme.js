// Runs before the first paint, so that a chosen theme never flashes. Classic script on purpose.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("parley.theme");
  } catch {
    // Storage may be forbidden; the system's choice is used then.
  }
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
