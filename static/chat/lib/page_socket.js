// The page's one socket: its address, its final close codes, and the browser events that tell whether the network and
// the page are active.

import { goneAddress, leaveFor, signInAddress } from "parley/lib/navigation.js";
import { page } from "parley/lib/page.js";
import { Socket } from "parley/lib/socket.js";

const ORIGIN_REFUSED = 4403;
const GONE = 4404;

// Returns the socket, not yet open. Listeners: onopen, onmessage, onstatus and ontoolarge of Socket; onrefused() when
// the server refuses this page's origin.
export function pageSocket({ onrefused, ...listeners }) {
  const address = new URL(page.socket, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const onfinal = (code) => (code === ORIGIN_REFUSED ? onrefused() : leaveFor(addressAfter(code)));
  const socket = new Socket(
    address.href,
    { ...listeners, onfinal },
    {
      online: () => navigator.onLine,
      longest: page.longest_frame,
    },
  );
  addEventListener("online", () => socket.wake());
  addEventListener("offline", () => socket.sleep());
  document.addEventListener("visibilitychange", () => document.hidden || socket.wake());
  return socket;
}

function addressAfter(code) {
  if (code === GONE) return goneAddress();
  // A user who is still signed in and lost only a right is redirected back, to a page without that right.
  return signInAddress({ ended: true });
}
