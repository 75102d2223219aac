// The last chosen model or assistant, which the next new conversation begins with. A cookie, so that the server
// renders the page for it.

const LIFE_SECONDS = 31_536_000;

export function rememberChoice(picker) {
  document.cookie = `parley_choice=${picker.value}; path=/; max-age=${LIFE_SECONDS}; samesite=lax`;
}
