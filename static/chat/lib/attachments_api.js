// The attachments of the JSON API. A file that the server has from this user already is not uploaded again.

import { leaveFor } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";

const ADDRESS = "/api/v1/attachments";
// Smaller files are uploaded at once: asking for their digest would take longer.
const ASK_FROM_BYTES = 100_000;

// Uploads a file and returns the server's description of the attachment. `onprogress` gets shares from 0 to 1.
// Throws Error with a text for the user; the text is empty when `signal` aborts the upload.
export async function uploadFile(file, { onprogress, signal }) {
  return (await reuse(file, signal)) ?? send(file, { onprogress, signal });
}

// Returns the description of an attachment, or null if it doesn't exist any more.
export async function fetchAttachment(id) {
  const response = await fetch(`${ADDRESS}/${encodeURIComponent(id)}`, { headers: headers() });
  return response.ok ? response.json() : null;
}

// Returns the attachment of a file with the same content, or null.
async function reuse(file, signal) {
  // Browsers compute digests on secure origins only.
  if (file.size < ASK_FROM_BYTES || !crypto.subtle) return null;
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
    const response = await fetch(`${ADDRESS}/reuse`, options);
    return response.status === 200 ? await response.json() : null;
  } catch {
    return null; // the upload itself reports the error
  }
}

// fetch() doesn't report the progress of an upload.
function send(file, { onprogress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    request.open("POST", ADDRESS);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onprogress(total ? loaded / total : 0);
    request.onload = () => (request.status === 201 ? resolve(request.response) : reject(refusal(request)));
    request.onerror = () => reject(new Error(translate("upload_failed")));
    signal.addEventListener("abort", () => request.abort());
    request.onabort = () => reject(new Error(""));
    request.send(form);
  });
}

function refusal({ status, response }) {
  if (status === 401) leaveFor(page.login);
  if (status === 413 && !response?.detail) return new Error(translate("upload_too_large"));
  return new Error(response?.detail ?? translate("upload_failed"));
}

function headers(more = {}) {
  return { "X-CSRFToken": page.csrf, "Accept-Language": page.language, ...more };
}
