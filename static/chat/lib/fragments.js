// Small things that every component needs from the browser.

import { page, words } from "parley/lib/page.js";

// Returns the first element of a <template>, as a new node.
export function fromTemplate(id) {
  return document.getElementById(id).content.cloneNode(true).firstElementChild;
}

// Parses a fragment that this server rendered. Scripts in it never run.
export function fromHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

// Fetches a fragment of this person's pages; null for "nothing new". Throws Error with the status otherwise.
export async function fetchFragment(address) {
  const response = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
  if (response.status === 401) location.assign(page.login);
  if (!response.ok) throw new Error(String(response.status));
  return response.status === 204 ? null : fromHtml(await response.text());
}

// Text shown for a moment, and read out.
export function toast(text) {
  const element = document.getElementById("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (element.hidden = true), 4000);
}

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

// Returns whether the text is in the clipboard now; tells the person when it isn't.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast(words("copy_failed"));
    return false;
  }
}

// Shows a check mark on a copy button for a moment.
export function confirmCopy(button) {
  const use = button.querySelector("use");
  use.setAttribute("href", "#icon-check");
  announce(words("copied"));
  setTimeout(() => use.setAttribute("href", "#icon-copy"), 1600);
}

// crypto.randomUUID exists on secure origins only; a Parley on the local network may have none.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
