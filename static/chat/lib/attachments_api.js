// Sends one file to the server, or only its digest when the server has it from this person already.

import { page, words } from "parley/lib/page.js";

const DOOR = "/api/v1/attachments";
// Below this a question about the digest costs more than the bytes.
const WORTH_ASKING = 100_000;

// Returns what the server says of the attachment. Throws Error with words for the person.
export async function upload(file, { onprogress, signal }) {
  return (await known(file, signal)) ?? send(file, { onprogress, signal });
}

// Returns an attachment by its id; null when it is gone.
export async function describe(id) {
  const response = await fetch(`${DOOR}/${encodeURIComponent(id)}`, { headers: headers() });
  return response.ok ? response.json() : null;
}

async function known(file, signal) {
  // Digests exist on secure origins only; elsewhere the bytes are sent.
  if (file.size < WORTH_ASKING || !crypto.subtle) return null;
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const body = JSON.stringify({ sha256, name: file.name });
    const options = {
      method: "POST",
      body,
      signal,
      headers: headers({ "Content-Type": "application/json" }),
    };
    const response = await fetch(`${DOOR}/reuse`, options);
    return response.status === 200 ? await response.json() : null;
  } catch {
    return null; // what is wrong shows when the file itself is sent
  }
}

// fetch() tells nothing of an upload's progress.
function send(file, { onprogress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    request.open("POST", DOOR);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onprogress(total ? loaded / total : 0);
    request.onload = () => (request.status === 201 ? resolve(request.response) : reject(refusal(request)));
    request.onerror = () => reject(new Error(words("upload_failed")));
    signal.addEventListener("abort", () => request.abort());
    request.onabort = () => reject(new Error(""));
    request.send(form);
  });
}

function refusal({ status, response }) {
  if (status === 401) location.assign(page.login);
  if (status === 413 && !response?.detail) return new Error(words("upload_too_large"));
  return new Error(response?.detail ?? words("upload_failed"));
}

function headers(more = {}) {
  return { "X-CSRFToken": page.csrf, "Accept-Language": page.language, ...more };
}
