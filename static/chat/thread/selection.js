// A selected passage of a message can be quoted. What quoting needs is loaded with the first selection.

const SETTLED_MS = 150;

let timer = null;
let loaded = false;

export function startSelection() {
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    const { isCollapsed, anchorNode } = getSelection();
    const inThread = !isCollapsed && document.getElementById("main").contains(anchorNode);
    if (inThread || loaded) timer = setTimeout(show, SETTLED_MS);
  });
  // Formulas are copied as they were typed, and not as the pieces in which they are set.
  document.addEventListener("copy", copyFormulas);
}

async function show() {
  loaded = true;
  const { showQuoteButton } = await import("parley/quote/quote_button.js");
  showQuoteButton();
}

// Returns false if no passage of a message is selected, so that the key is left to the browser.
export function quote() {
  const { isCollapsed, anchorNode } = getSelection();
  if (isCollapsed || !document.getElementById("main").contains(anchorNode)) return false;
  import("parley/quote/quote_button.js").then(({ quoteSelection }) => quoteSelection());
  return true;
}

function copyFormulas(event) {
  const selection = getSelection();
  if (event.defaultPrevented || selection.isCollapsed || !selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  const formulas = [...document.querySelectorAll("code[data-set]")].filter((code) =>
    range.intersectsNode(code),
  );
  if (!formulas.length) return;
  for (const code of formulas) {
    if (code.contains(range.startContainer)) range.setStartBefore(code);
    if (code.contains(range.endContainer)) range.setEndAfter(code);
  }
  event.clipboardData.setData("text/plain", textWith(selection, formulas));
  event.preventDefault();
}

// The browser writes the text of a selection as it is laid out; for that moment the formulas are what was typed.
function textWith(selection, formulas) {
  const shown = formulas.map((code) => [...code.childNodes]);
  for (const code of formulas) code.replaceChildren(code.madeFrom);
  const text = selection.toString();
  for (const [place, code] of formulas.entries()) code.replaceChildren(...shown[place]);
  return text;
}
