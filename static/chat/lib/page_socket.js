// The page's one socket: where it leads, and the browser's word that the network or the page is back.

import { page } from "parley/lib/page.js";
import { Socket } from "parley/lib/socket.js";

// Listeners are those of `Socket`. It is not open yet.
export function pageSocket(listeners) {
  const address = new URL(page.socket, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new Socket(address.href, listeners, { online: () => navigator.onLine });
  addEventListener("online", () => socket.wake());
  addEventListener("offline", () => socket.sleep());
  document.addEventListener("visibilitychange", () => document.hidden || socket.wake());
  return socket;
}
