// Pictures of messages open on the page, and Escape or a click beside one closes it.

export function startPictureViewer() {
  const viewer = document.getElementById("picture");
  const picture = viewer.querySelector("img");
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-picture]");
    // A click with a key opens a tab, as for any link.
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    picture.src = link.dataset.picture;
    picture.alt = link.querySelector("img").alt;
    // Pictures that this page made have no address of their own.
    const original = viewer.querySelector("[data-original]");
    original.hidden = !link.href;
    if (link.href) original.href = link.href;
    viewer.querySelector("[data-name]").textContent = picture.alt;
    viewer.showModal();
  });
  viewer.addEventListener("click", ({ target }) => {
    if (target === viewer || target === picture) viewer.close();
  });
  viewer.addEventListener("close", () => picture.removeAttribute("src"));
}
