// The attachments of the JSON API. A file that the server has from this user already is not uploaded again.

import { leaveFor, signInAddress } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";

const ADDRESS = "/api/v1/attachments";
// Smaller files are uploaded at once: asking for their digest would take longer.
const ASK_FROM_BYTES = 100_000;

// Uploads a file and returns the server's description of the attachment. `onprogress` gets shares from 0 to 1.
// Throws Error with a text for the user; the text is empty when `signal` aborts the upload. `again` of the error says
// whether the same file may be sent once more.
export async function uploadFile(file, { onprogress, signal }) {
  const pdf = file.type === "application/pdf" || file.name.toLowerCase().endsWith(".pdf");
  const most = pdf ? page.largest_pdf_bytes : page.largest_file_bytes;
  if (file.size > most) throw new Error(tooLarge(most));
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
    request.onerror = () => reject(failed());
    signal.addEventListener("abort", () => request.abort());
    request.onabort = () => reject(new Error(""));
    request.send(form);
  });
}

function refusal({ status, response }) {
  if (status === 401) leaveFor(signInAddress({ ended: true }));
  if (status === 413) return new Error(tooLarge(page.largest_file_bytes));
  return response?.detail && status < 500 ? new Error(response.detail) : failed();
}

function tooLarge(most) {
  return translate("upload_too_large", { most: Math.floor(most / 1_000_000) });
}

function failed() {
  return Object.assign(new Error(translate("upload_failed")), { again: true });
}

function headers(more = {}) {
  return { "X-CSRFToken": page.csrf, "Accept-Language": page.language, ...more };
}
