// Runs in the sandboxed frame of diagrams: draws what the page sends and returns it as SVG.

(() => {
  const { mermaid } = globalThis;
  let number = 0;

  // Diagrams may change their looks (%%{init}%%), but none of these.
  const FIXED = {
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    maxTextSize: 20_000,
    maxEdges: 400,
    // Text, no HTML: pictures show it in each browser, and other programs too.
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    dompurifyConfig: {},
  };

  async function draw({ source, dark }) {
    mermaid.initialize({
      ...FIXED,
      secure: [...Object.keys(FIXED), "secure"],
      theme: dark ? "dark" : "neutral",
    });
    const { svg } = await mermaid.render(`diagram-${(number += 1)}`, source);
    const element = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
    const [, , width, height] = element
      .getAttribute("viewBox")
      .split(/[\s,]+/)
      .map(Number);
    element.setAttribute("width", width);
    element.setAttribute("height", height);
    element.style.maxWidth = "";
    // HTML as the library writes it is not always XML, which a picture has to be.
    return {
      svg: new XMLSerializer().serializeToString(element),
      width,
      height,
      title: element.querySelector(":scope > title")?.textContent,
    };
  }

  addEventListener("message", async ({ source, data, origin }) => {
    if (source !== parent) return;
    try {
      parent.postMessage(await draw(data), origin);
    } catch {
      parent.postMessage({ problem: true }, origin);
    }
  });
  parent.postMessage({ ready: true }, "*");
})();
