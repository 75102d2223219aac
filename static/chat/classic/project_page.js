// The page of a project: dialogs that htmx fills, uploads with their progress, and what went wrong.

(() => {
  const page = document.querySelector(".project");
  const dialog = document.getElementById("dialog");
  const problem = document.getElementById("project-problem");
  if (!dialog) return;

  const documents = () => document.getElementById("project-documents");

  function showProblem(text) {
    problem.textContent = text;
    problem.hidden = !text;
  }

  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target.id === "dialog-content") {
      if (!dialog.open) dialog.showModal();
      dialog.querySelector("[aria-invalid], [data-first-focus]")?.focus();
    } else if (detail.target.id === "project-documents") {
      dialog.close();
      focusDocuments();
    } else if (detail.target.id === "project-settings") {
      document.getElementById("settings-save").focus();
      const name = document.getElementById("settings-name").value;
      if (!document.querySelector("#project-settings [role=alert]"))
        document.querySelector("[data-project-name]").textContent = name;
    }
  });
  document.addEventListener("htmx:beforeRequest", () => showProblem(""));
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, ({ detail: { xhr } }) => {
      if (xhr.status === 401) location.reload();
      const readable = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.status < 500;
      dialog.close();
      showProblem(readable ? xhr.responseText : problem.dataset.failed);
    });
  }
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-close-dialog]") || target === dialog) dialog.close();
    if (target.closest("[data-choose-files]")) documents().querySelector("[data-files]").click();
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-files]")) return;
    upload([...target.files]);
    target.value = "";
  });
  document.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    if (documents().dataset.upload) upload([...event.dataTransfer.files]);
  });

  // One file after the other: the server reads one of a person at a time. The list comes once all are there.
  async function upload(files) {
    const list = documents().querySelector("[data-uploads]");
    list.hidden = false;
    let failed = false;
    for (const [file, entry] of files.map((one) => [one, addEntry(list, one)])) {
      try {
        await send(file, entry.querySelector("progress"));
        entry.remove();
      } catch (error) {
        failed = true;
        showFailure(entry, error.message || list.dataset.cancelled);
      }
    }
    list.hidden = !list.children.length;
    // The reasons of failures would go with the old list.
    const kept = failed ? [...list.children] : [];
    const { list: address } = documents().dataset;
    await htmx.ajax("GET", address, { target: "#project-documents", swap: "outerHTML" });
    const fresh = documents().querySelector("[data-uploads]");
    fresh.append(...kept);
    fresh.hidden = !kept.length;
  }

  function addEntry(list, file) {
    const entry = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = file.name;
    name.dir = "auto";
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", file.name);
    entry.append(name, progress);
    list.append(entry);
    return entry;
  }

  function showFailure(entry, text) {
    const reason = document.createElement("span");
    reason.className = "field__errors";
    reason.setAttribute("role", "alert");
    reason.textContent = text;
    entry.querySelector("progress").replaceWith(reason);
  }

  // fetch() doesn't report the progress of an upload.
  function send(file, progress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const form = new FormData();
      form.append("file", file, file.name);
      request.open("POST", documents().dataset.upload);
      request.setRequestHeader("X-CSRFToken", page.dataset.csrf);
      request.setRequestHeader("Accept-Language", document.documentElement.lang);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => (progress.value = total ? loaded / total : 0);
      request.onload = () =>
        request.status === 201 ? resolve() : reject(new Error(request.response?.detail ?? ""));
      request.onerror = () => reject(new Error(""));
      request.send(form);
    });
  }

  // The button that was pressed is gone with its row.
  function focusDocuments() {
    if (document.activeElement !== document.body) return;
    const heading = document.getElementById("documents-title");
    heading.tabIndex = -1;
    heading.focus();
  }
})();
