// The search page: its address follows the field, and the arrow keys move through the results.
(() => {
  const field = document.getElementById("q");
  const failed = document.getElementById("search-failed");
  const results = () => [...document.querySelectorAll("[data-result]")];

  // Going back from a conversation leads to the results, and so does reloading. The newest results are those on the page.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    failed.hidden = true;
    const more = detail.requestConfig?.elt;
    if (more?.matches?.("[data-more]")) return;
    const words = document.getElementById("results").dataset.words;
    history.replaceState(null, "", words ? `?${new URLSearchParams({ q: words })}` : location.pathname);
    document.title = document.title.replace(/^(?:.* · )?(?=[^·]+ · Parley$)/, words ? `${words} · ` : "");
  });

  // The button is gone after the swap: the first of the new results gets its focus.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (!detail.requestConfig?.elt.matches("[data-more]")) return;
    const known = results().length;
    if (document.activeElement !== detail.requestConfig.elt) return;
    document.addEventListener("htmx:afterSettle", () => results()[known]?.focus(), { once: true });
  });

  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, ({ detail }) => {
      if (detail.xhr?.status === 401) location.reload();
      else failed.hidden = false;
    });
  }

  document.addEventListener("keydown", (event) => {
    // An input method uses these keys itself.
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.ctrlKey || event.metaKey) return;
    const links = results();
    const at = links.indexOf(document.activeElement);
    if (event.key === "/" && document.activeElement !== field) return focus(event, field);
    if (at < 0 && document.activeElement !== field) return;
    if (event.key === "ArrowDown") focus(event, links[at + 1]);
    else if (event.key === "ArrowUp" && at >= 0) focus(event, links[at - 1] ?? field);
    else if (event.key === "Home" && at >= 0) focus(event, links[0]);
    else if (event.key === "End" && at >= 0) focus(event, links.at(-1));
    else if (event.key === "Escape" && at >= 0) focus(event, field);
  });

  function focus(event, element) {
    if (!element) return;
    event.preventDefault();
    element.focus();
  }
})();
