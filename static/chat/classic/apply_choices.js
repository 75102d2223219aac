// Applies the chosen theme and text size, and whether the sidebar is hidden, before the first paint, so that nothing
// flashes or jumps. A module would run too late.
// A signed-in person's choices are attributes of the page (data-person and others). The browser keeps a copy for the
// sign-in pages and the admin, and its own choice counts while it has not reached the server yet (parley.unsaved: that
// person's id, or "admin" for a choice in the admin).
(() => {
  const root = document.documentElement;
  const choices = { theme: ["light", "dark"], text_size: ["small", "large", "larger"] };
  try {
    const unsaved = localStorage.getItem("parley.unsaved");
    const fromServer = "person" in root.dataset && unsaved !== "admin" && unsaved !== root.dataset.person;
    for (const [name, values] of Object.entries(choices)) {
      const key = `parley.${name}`;
      const attribute = `data-${name.replace("_", "-")}`;
      const chosen = fromServer ? root.getAttribute(attribute) : localStorage.getItem(key);
      const known = values.includes(chosen);
      if (known) root.setAttribute(attribute, chosen);
      else root.removeAttribute(attribute);
      if (fromServer && known) localStorage.setItem(key, chosen);
      else if (fromServer) localStorage.removeItem(key);
    }
    if (localStorage.getItem("parley.sidebar") === "hidden") root.dataset.sidebar = "hidden";
  } catch {
    // Storage may be forbidden: then the server's choices stand, else the system's, and the sidebar is shown.
  }
})();
