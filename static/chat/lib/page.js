// What the server told this page: who it is for, addresses, and the words in the viewer's language.

export const page = JSON.parse(document.getElementById("page").textContent);

export function words(key, values = {}) {
  return page.strings[key].replace(/\{(\w+)\}/g, (_match, name) => values[name]);
}
