// Whether people use this page with their fingers alone: no mouse, and a keyboard on the screen.

export const isTouchOnly = () => matchMedia("(hover: none) and (pointer: coarse)").matches;
