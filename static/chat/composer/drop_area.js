// Files that are dropped anywhere on the thread.

export function acceptDrops(onfiles) {
  const stage = document.querySelector(".stage");
  const show = (over) => stage.toggleAttribute("data-dropping", over);
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    show(true);
  };
  document.addEventListener("dragenter", over);
  document.addEventListener("dragover", over);
  for (const name of ["dragleave", "dragend"]) {
    document.addEventListener(name, ({ relatedTarget }) => relatedTarget ?? show(false));
  }
  document.addEventListener("drop", (event) => {
    show(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    onfiles(event.dataTransfer.files);
  });
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
