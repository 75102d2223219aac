// Whether the primary button is held down on an element: until its release, what was pressed must stay where it is, so
// that the click reaches it.

export class Press {
  held = false;

  // `onrelease`: called after the release, when the click has found its target.
  constructor(element, { onrelease = () => {} } = {}) {
    const hold = ({ isPrimary, button }) => (this.held = isPrimary && button === 0);
    element.addEventListener("pointerdown", hold, { passive: true });
    document.addEventListener("pointercancel", () => (this.held = false));
    document.addEventListener("pointerup", () => {
      if (!this.held) return;
      this.held = false;
      requestAnimationFrame(onrelease);
    });
  }
}
