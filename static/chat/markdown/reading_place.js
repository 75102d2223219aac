// When a box may take another height without moving what a person reads.

// Until then the page is still being laid out for its reader.
let reads = false;
for (const name of ["wheel", "pointerdown", "keydown", "touchstart"]) {
  addEventListener(name, () => (reads = true), { capture: true, passive: true, once: true });
}

const waiting = new Map();
const outOfView = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting && target.isConnected) continue;
    outOfView.unobserve(target);
    waiting.get(target)?.();
    waiting.delete(target);
  }
});

// Calls `resize` at once for a reader who follows the end, which the thread keeps in view, and for one who has not begun;
// else once the box is out of view, where browsers keep what is in view.
export function resizeUnnoticed(box, resize) {
  if (!reads || box.closest("[data-follows]")) {
    resize();
    return;
  }
  waiting.set(box, resize);
  outOfView.observe(box);
}
