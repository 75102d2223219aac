// The last chosen model or assistant, which the next new conversation begins with.

const KEY = "parley.choice";

export function rememberChoice(storage, picker) {
  try {
    storage.setItem(KEY, picker.value);
  } catch {
    // Without storage the choice is not remembered.
  }
}

export function restoreChoice(storage, picker) {
  try {
    const stored = storage.getItem(KEY);
    const option = [...picker.options].find(({ value, disabled }) => value === stored && !disabled);
    if (option) picker.value = stored;
  } catch {
    // See rememberChoice.
  }
}
