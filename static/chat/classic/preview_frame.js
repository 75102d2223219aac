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

  // A page without an origin has no storage, no dialogs, and its forms go nowhere; many pages work with stand-ins.
  function guard() {
    for (const name of ["localStorage", "sessionStorage"]) stand(window, name, storage());
    cookies();
    for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) delete window[name];
    // Here these throw as soon as they are read. A page that asks for them goes on without.
    for (const name of ["caches", "indexedDB"]) delete window[name];
    delete Navigator.prototype.serviceWorker;
    dialogs();
    stand(window, "open", (address = "") => void tell({ link: String(address) }));
    forms();
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

  function stand(object, name, value) {
    Object.defineProperty(object, name, { value, configurable: true, writable: true });
  }

  // Entries are properties too: localStorage.score = 1.
  function storage() {
    const kept = new Map();
    const methods = {
      clear: () => kept.clear(),
      getItem: (key) => kept.get(String(key)) ?? null,
      key: (place) => [...kept.keys()][place] ?? null,
      removeItem: (key) => void kept.delete(String(key)),
      setItem: (key, value) => void kept.set(String(key), String(value)),
    };
    return new Proxy(methods, {
      get: (_, key) => (key === "length" ? kept.size : (methods[key] ?? kept.get(key))),
      set: (_, key, value) => (methods.setItem(key, value), true),
      has: (_, key) => key in methods || kept.has(key),
      deleteProperty: (_, key) => (kept.delete(key), true),
      ownKeys: () => [...kept.keys()],
      getOwnPropertyDescriptor: (_, key) =>
        kept.has(key)
          ? { value: kept.get(key), enumerable: true, configurable: true, writable: true }
          : undefined,
    });
  }

  function cookies() {
    const kept = new Map();
    Object.defineProperty(document, "cookie", {
      configurable: true,
      get: () => [...kept].map(([name, value]) => `${name}=${value}`).join("; "),
      set: (cookie) => {
        const [, name, value] = /^\s*([^=;]*)=?([^;]*)/.exec(cookie);
        if (/;\s*max-age=(?:0|-)/i.test(cookie)) kept.delete(name.trim());
        else kept.set(name.trim(), value.trim());
      },
    });
  }

  // Real ones would stop the whole tab. What a page asks for is confirmed: it can change nothing but itself.
  function dialogs() {
    const say = (words) => tell({ dialog: String(words ?? "") });
    stand(window, "alert", (words) => say(words));
    stand(window, "confirm", (words) => (say(words), true));
    stand(window, "prompt", (words, usual = "") => (say(words), String(usual)));
    stand(window, "print", () => undefined);
  }

  function follow(event) {
    if (event.defaultPrevented || !(event.target instanceof Element)) return;
    const link = event.target.closest("a[href], area[href]");
    if (link) leave(event, link.getAttribute("href").trim());
    else press(event, event.target.closest("button, input"));
  }

  function leave(event, address) {
    event.preventDefault();
    const script = /^javascript:(.*)/is.exec(address);
    if (script) run(decodeURIComponent(script[1]));
    // Without an entry in the history of the page around.
    else if (address.startsWith("#")) location.replace(address);
    else if (address) tell({ link: address });
  }

  // Links of a sandboxed page lead to no script, and its own scripts may run.
  function run(code) {
    const script = document.createElement("script");
    script.textContent = code;
    document.documentElement.append(script);
    script.remove();
  }

  // The sandbox swallows the event `submit`, with which scripts of a page take a form.
  function forms() {
    stand(HTMLFormElement.prototype, "requestSubmit", function (submitter) {
      submit(this, submitter ?? null);
    });
    addEventListener("keydown", (event) => {
      const { key, target, isComposing, defaultPrevented } = event;
      if (key !== "Enter" || isComposing || defaultPrevented || !target.form || !target.matches("input"))
        return;
      // With a button, Enter presses it.
      const button = [...target.form.elements].some(({ type }) => ["submit", "image"].includes(type));
      if (button) return;
      event.preventDefault();
      submit(target.form, null);
    });
  }

  function press(event, button) {
    if (!button?.form || !["submit", "image"].includes(button.type)) return;
    event.preventDefault();
    submit(button.form, button);
  }

  function submit(form, submitter) {
    if (!form.noValidate && !submitter?.formNoValidate && !form.reportValidity()) return;
    form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true, submitter }));
    if (form.method === "dialog") form.closest("dialog")?.close(submitter?.value);
  }

  tell({ ready: true });
})();
