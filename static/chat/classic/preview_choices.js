// Shows a chosen theme and text size at once; they are stored with the form.
{
  const form = document.querySelector("[data-preview]");
  form.addEventListener("change", ({ target }) => {
    const attribute = { theme: "data-theme", text_size: "data-text-size" }[target.name];
    if (!attribute) return;
    if (target.value) document.documentElement.setAttribute(attribute, target.value);
    else document.documentElement.removeAttribute(attribute);
  });
  // What the form stores is newer than a choice that another page could not store yet.
  form.addEventListener("submit", () => {
    try {
      localStorage.removeItem("parley.unsaved");
    } catch {
      // Storage may be forbidden.
    }
  });
}
