// Boxes that lie over the page, such as an answer's receipt, are closed by a click beside them and by Escape.
// They open above their line, or below it where the space above is too small.

const OPEN = "details[data-closes][open]";
const TALLEST = 320; // pixels: a receipt with all its rows

export function startClosing() {
  document.addEventListener("pointerdown", ({ target }) => closeAll((box) => !box.contains(target)));
  document.addEventListener("focusin", ({ target }) => closeAll((box) => !box.contains(target)));
  document.addEventListener("toggle", ({ target }) => target.matches?.(OPEN) && place(target), true);
  // Before the page's shortcuts: the same key must not stop an answer too.
  document.addEventListener(
    "keydown",
    (event) => {
      const boxes = event.key === "Escape" ? [...document.querySelectorAll(OPEN)] : [];
      if (!boxes.length || event.isComposing) return;
      event.preventDefault();
      const own = boxes.find((box) => box.contains(document.activeElement));
      closeAll(() => true);
      own?.querySelector("summary").focus();
    },
    true,
  );
}

function place(box) {
  const area = document.getElementById("main").getBoundingClientRect();
  const line = box.querySelector("summary").getBoundingClientRect();
  const above = line.top - area.top;
  box.toggleAttribute("data-below", above < TALLEST && area.bottom - line.bottom > above);
}

function closeAll(condition) {
  for (const box of document.querySelectorAll(OPEN)) if (condition(box)) box.open = false;
}
