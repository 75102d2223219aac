// On the sign-in page: removes the service worker and what it kept. The next page of the chat installs it again.

navigator.serviceWorker?.getRegistrations().then((found) => found.forEach((each) => each.unregister()));
globalThis.caches?.keys().then((keys) => {
  for (const key of keys) if (key.startsWith("parley-offline-")) caches.delete(key);
});
