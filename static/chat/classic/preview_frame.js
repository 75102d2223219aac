// Runs in the sandboxed frame of previews, which the server writes into the frame's document: shows the page that comes
// by a message, and tells the page around it what a reader should know.

(() => {
  const tell = (message) => parent.postMessage(message, "*");

  addEventListener("message", ({ source, data }) => {
    if (source !== parent || typeof data?.html !== "string") return;
    document.open();
    guard();
    document.write(/^\s*<!doctype/i.test(data.html) ? data.html : `<!doctype html>${data.html}`);
    document.close();
  });

  // A page without an origin has no storage, and its forms go nowhere; many pages work with stand-ins.
  function guard() {
    for (const name of ["localStorage", "sessionStorage"]) stand(name, memory());
    for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) delete window[name];
    addEventListener("click", follow);
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) tell({ escape: true });
    });
    addEventListener("error", ({ message }) => message && tell({ failed: String(message) }));
    addEventListener("unhandledrejection", ({ reason }) => tell({ failed: String(reason) }));
    addEventListener("securitypolicyviolation", ({ blockedURI }) => {
      if (/^(?:https?|wss?):/.test(blockedURI)) tell({ blocked: new URL(blockedURI).host });
    });
  }

  function stand(name, value) {
    Object.defineProperty(window, name, { value, configurable: true });
  }

  function memory() {
    const kept = new Map();
    return {
      get length() {
        return kept.size;
      },
      clear: () => kept.clear(),
      getItem: (key) => kept.get(String(key)) ?? null,
      key: (place) => [...kept.keys()][place] ?? null,
      removeItem: (key) => void kept.delete(String(key)),
      setItem: (key, value) => void kept.set(String(key), String(value)),
    };
  }

  function follow(event) {
    if (event.defaultPrevented || !(event.target instanceof Element)) return;
    const link = event.target.closest("a[href], area[href]");
    if (link) leave(event, link.getAttribute("href"));
    else submit(event, event.target.closest("button, input"));
  }

  function leave(event, address) {
    event.preventDefault();
    if (address.startsWith("#")) document.getElementById(address.slice(1))?.scrollIntoView();
    else tell({ link: address });
  }

  // The sandbox swallows the event `submit`, with which scripts of a page take a form.
  function submit(event, button) {
    const form = button?.form;
    if (!form || !["submit", "image"].includes(button.type)) return;
    event.preventDefault();
    if (!form.noValidate && !button.formNoValidate && !form.reportValidity()) return;
    form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter: button }));
  }

  tell({ ready: true });
})();
