// The service worker. It shows the offline page where a page can't be loaded, and does nothing else. It keeps that page
// with its styles: never a page of the chat, never an answer.
// `self.OFFLINE` is written by chat/web/offline.py: the cache's name, the page's address, and those of its files.

const { name, page, files } = self.OFFLINE;
const PREFIX = "parley-offline-";

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => kept(page)));
  else if (files.some((file) => request.url.endsWith(file)))
    event.respondWith(fetch(request).catch(() => kept(request.url)));
});

async function fill() {
  const cache = await caches.open(name);
  await cache.addAll([page, ...files].map((address) => new Request(address, { cache: "reload" })));
}

async function takeOver() {
  const old = (await caches.keys()).filter((key) => key.startsWith(PREFIX) && key !== name);
  await Promise.all(old.map((key) => caches.delete(key)));
  await self.clients.claim();
}

async function kept(address) {
  return (await caches.match(address)) ?? Response.error();
}
