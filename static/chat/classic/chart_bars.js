// The bars of a chart with the keyboard, as one stop of the tab key: arrows, Home and End go from bar to bar, and the
// focused one tells its figures beside it, as a pointer's title does.
for (const plot of document.querySelectorAll(".chart__plot")) {
  const bars = [...plot.querySelectorAll("[data-bar]")];
  const told = plot.querySelector("[data-told]");
  const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

  plot.addEventListener("keydown", (event) => {
    const place = bars.indexOf(event.target);
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    if (place < 0 || !(key in steps) || altKey || ctrlKey || metaKey || shiftKey) return;
    event.preventDefault();
    bars.at(Math.min(Math.max(place + steps[key], 0), bars.length - 1)).focus();
  });
  plot.addEventListener("focusin", ({ target }) => {
    const place = bars.indexOf(target);
    if (place < 0) return;
    for (const bar of bars) bar.setAttribute("tabindex", bar === target ? "0" : "-1");
    told.textContent = target.getAttribute("aria-label");
    // Beside the bar, on the side with more room.
    const beside = place < bars.length / 2 ? ["left", place + 1] : ["right", bars.length - place];
    Object.assign(told.style, { left: "", right: "", [beside[0]]: `${(100 * beside[1]) / bars.length}%` });
    told.hidden = false;
  });
  plot.addEventListener("focusout", () => (told.hidden = true));
  plot.addEventListener("keyup", ({ key }) => key === "Escape" && (told.hidden = true));
}
