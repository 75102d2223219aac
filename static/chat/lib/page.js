// The data that the server wrote into this page: the user, addresses, and the texts in the user's language.

export const page = JSON.parse(document.getElementById("page").textContent);

// Returns the text for `key` with its {placeholders} replaced by `values`.
export function translate(key, values = {}) {
  return page.strings[key].replace(/\{(\w+)\}/g, (_match, name) => values[name]);
}
