// Saves what the page holds as a file.

const KEPT_MS = 10_000;

// `parts`: texts or Blobs.
export function download(name, parts, type = "text/plain;charset=utf-8") {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}
