// Boxes that lie over the page, such as an answer's receipt, are closed by a click beside them and by Escape.

const OPEN = "details[data-closes][open]";

export function startClosing() {
  document.addEventListener("pointerdown", ({ target }) => closeAll((box) => !box.contains(target)));
  document.addEventListener("focusin", ({ target }) => closeAll((box) => !box.contains(target)));
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

function closeAll(condition) {
  for (const box of document.querySelectorAll(OPEN)) if (condition(box)) box.open = false;
}
