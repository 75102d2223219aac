// Input methods, as for Korean: a text is sent when its last letter is complete, or that would stay in the field.

// Runs `run` as soon as no input method composes in the form's field. classic/early_enter.js marks the form.
export function whenComposed(form, run) {
  if (!("composing" in form.dataset)) run();
  else form.addEventListener("compositionend", run, { once: true });
}
