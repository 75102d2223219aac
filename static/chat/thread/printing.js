// Printing prints the whole conversation: earlier messages are loaded first, and links get their addresses beside them.

import { fromHtml } from "parley/lib/fragments.js";
import { printedAddress } from "parley/models/text/printed_address.js";

export function startPrinting() {
  addEventListener("beforeprint", () => {
    loadEarlier();
    showAddresses();
  });
}

function showAddresses() {
  for (const link of document.querySelectorAll("#thread a[href]:not(.image-link)")) {
    const address = printedAddress(link.textContent, link.getAttribute("href"));
    if (address) link.dataset.address = address;
  }
}

// The browser prints when this listener returns, so the request can't be asynchronous.
function loadEarlier() {
  const button = document.querySelector("[data-earlier]");
  if (!button) return;
  const request = new XMLHttpRequest();
  request.open("GET", `${button.getAttribute("hx-get")}&all=1`, false);
  try {
    request.send();
  } catch {
    return; // offline: what is on the page is printed
  }
  if (request.status !== 200) return;
  button.replaceWith(...fromHtml(request.responseText));
  globalThis.htmx?.process(document.getElementById("thread"));
}
