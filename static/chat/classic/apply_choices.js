// Applies the chosen theme, and whether the sidebar is hidden, before the first paint, so that nothing flashes or jumps.
// A module would run too late.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("parley.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (localStorage.getItem("parley.sidebar") === "hidden") root.dataset.sidebar = "hidden";
  } catch {
    // Storage may be forbidden; the system's theme is used then, and the sidebar is shown.
  }
})();
