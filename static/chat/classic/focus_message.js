// Puts the cursor into the message field as soon as it is there. On a phone that would open the keyboard over the page,
// and Enter breaks the line there (models/keys/keyboard.js).
(() => {
  const field = document.getElementById("message");
  if (matchMedia("(hover: none) and (pointer: coarse)").matches) field.enterKeyHint = "enter";
  else if (!location.hash) field.focus({ preventScroll: true });
})();
