// The progress of an upload on the page of imports, and what went wrong with it.

document.addEventListener("change", ({ target }) => {
  const form = target.closest("[data-import]");
  const file = target.files?.[0];
  if (form && file)
    target.setCustomValidity(file.size > Number(form.dataset.largestBytes) ? form.dataset.tooLarge : "");
});

document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
  const bar = target.closest?.("[data-import]")?.querySelector("progress");
  if (!bar || !detail.lengthComputable) return;
  bar.hidden = false;
  bar.value = (100 * detail.loaded) / detail.total;
});

for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, ({ target, detail }) => {
    const form = target.closest?.("[data-import]");
    if (!form) {
      if (detail.xhr?.status === 401) location.reload(); // the page of sign-in leads back here
      return;
    }
    const readable = detail.xhr?.getResponseHeader("Content-Type")?.startsWith("text/plain");
    form.querySelector("[role=alert]").textContent = readable ? detail.xhr.responseText : form.dataset.failed;
    form.querySelector("progress").hidden = true;
  });
}
