// Harmless actions run at once, without a dialog, but by POST: a link must not change anything.
{
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-post]");
    if (!link) return;
    event.preventDefault();
    if (link.getAttribute("aria-disabled") === "true") return;
    link.setAttribute("aria-disabled", "true"); // a slow action is not sent twice
    link.classList.add("opacity-50");
    const form = document.createElement("form");
    form.method = "post";
    form.action = link.href;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "csrfmiddlewaretoken";
    field.value = token();
    form.append(field);
    document.body.append(form);
    form.submit();
  });
}
