// HTML from the server: its <template> elements and its fragments.

import { leaveFor, signInAddress } from "parley/lib/navigation.js";

// Returns a copy of the first element of a <template>.
export function fromTemplate(id) {
  return document.getElementById(id).content.cloneNode(true).firstElementChild;
}

// Returns the elements of an HTML fragment that this server rendered. Scripts in it never run.
export function fromHtml(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

// Fetches a fragment and returns its elements, or null if the server has nothing new (204).
// Throws Error with the status when the request fails.
export async function fetchFragment(address) {
  const response = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
  if (response.status === 401) leaveFor(signInAddress({ ended: true }));
  if (!response.ok) throw new Error(String(response.status));
  return response.status === 204 ? null : fromHtml(await response.text());
}
