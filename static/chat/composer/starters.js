// Suggested first messages: a click writes one into the field, with the assistant that it is for, and does not send it.

// `onchange`: called when the field of `form` has changed.
export function startStarters(form, onchange) {
  const { text: field, choice: picker } = form.elements;
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-starter]");
    if (!button) return;
    if (button.dataset.choice) picker.value = button.dataset.choice;
    field.value = button.dataset.starter;
    onchange();
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  });
}
