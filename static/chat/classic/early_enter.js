// Keeps an Enter that is pressed in the message field before the modules are loaded; the composer sends then.
// A module would come too late: the rules of isSendKey (models/keys/keyboard.js) and lib/touch.js are repeated here.
document.addEventListener("keydown", (event) => {
  const { form } = event.target;
  if (event.target.id !== "message" || "started" in form.dataset || event.key !== "Enter") return;
  if (event.shiftKey || event.altKey || event.isComposing || event.keyCode === 229) return;
  const touch = matchMedia("(hover: none) and (pointer: coarse)").matches;
  const plainBreaks = document.documentElement.dataset.sendKey === "ctrl_enter";
  if ((touch || plainBreaks) && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  form.dataset.sendAtStart = "";
});
// Whether an input method composes in the field: the composition may have begun before the modules were loaded.
for (const name of ["compositionstart", "compositionend"]) {
  document.addEventListener(name, ({ target }) => {
    if (target.id === "message") target.form.toggleAttribute("data-composing", name === "compositionstart");
  });
}
