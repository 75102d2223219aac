// Installs the service worker that shows a page of ours when the server can't be reached. Browsers have it on secure
// origins only; without it they show a page of their own.

import { page } from "parley/lib/page.js";

export function installOfflinePage() {
  const options = { scope: "/", updateViaCache: "none" };
  navigator.serviceWorker?.register(page.worker, options).catch(() => {});
}
