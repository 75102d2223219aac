// Sends a form to this server.

import { leaveFor, signInAddress } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";

// Returns the JSON of the answer, or null if it has none. Throws Error with words for people.
export async function post(address, fields = {}, options = {}) {
  const headers = { "X-CSRFToken": page.csrf, "X-Requested-With": "fetch" };
  const body = new URLSearchParams(fields);
  const response = await fetch(address, { method: "POST", headers, body, ...options }).catch(() => null);
  if (response?.status === 401) leaveFor(signInAddress({ ended: true }));
  if (!response?.ok) throw new Error(await reason(response));
  return response.status === 204 ? null : response.json();
}

async function reason(response) {
  const readable = response?.headers.get("Content-Type")?.startsWith("text/plain");
  return readable ? response.text() : translate("request_failed");
}
