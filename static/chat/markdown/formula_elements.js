// Formulas as KaTeX sets them, with MathML for screen readers. The library and its fonts are loaded with the first
// formula of a page. What it does not understand stays as it was written.

import { page, translate } from "parley/lib/page.js";
import { texOf } from "parley/markdown/parser/formulas.js";

const SLICE_MS = 12;
const DEEPEST = 200;
const MOST_ELEMENTS = 20_000;
// No command that loads, links or names elements; sizes in em.
const OPTIONS = { trust: false, strict: "ignore", maxExpand: 500, maxSize: 20, throwOnError: true };
const CHEMISTRY = /\\(?:ce|pu)\b/;

// A formula that is wider than its box scrolls, with the keyboard too.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) makeReachable(target);
});

let library = null;
const wanted = new Set();

// Sets the formulas below `root` that are complete. Those that are set already stay.
export function showFormulas(root) {
  for (const code of root.querySelectorAll("code.formula, code.formula-block")) {
    if (code.madeFrom === undefined && texOf(code.textContent)) wanted.add(code);
  }
  if (!wanted.size) return;
  const chemistry = [...wanted].some(isChemistry);
  if (library?.katex && (library.chemistry || !chemistry)) setWanted();
  else load(chemistry).then(setWanted, forget);
}

const isChemistry = (code) => CHEMISTRY.test(code.textContent);

async function load(chemistry) {
  library ??= { style: addStyle() };
  await Promise.all([import("katex"), library.style]);
  if (chemistry) await import("katex/mhchem");
  library.katex = globalThis.katex;
  library.chemistry ||= chemistry;
}

// Offline: the next formula tries again.
function forget() {
  library = null;
  wanted.clear();
}

function makeReachable(code) {
  const wide = code.scrollWidth > code.clientWidth;
  code.toggleAttribute("data-wide", wide);
  if (wide) {
    Object.assign(code, { tabIndex: 0, role: "group", ariaLabel: translate("formula") });
  } else for (const name of ["tabindex", "role", "aria-label"]) code.removeAttribute(name);
}

function addStyle() {
  document.fonts.addEventListener("loadingdone", () => {
    for (const code of document.querySelectorAll("[data-set=display]")) makeReachable(code);
  });
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: page.katex_style });
  const loaded = new Promise((resolve, reject) => Object.assign(link, { onload: resolve, onerror: reject }));
  document.head.append(link);
  return loaded;
}

// Sets formulas for a part of a frame, and the rest in later frames. Chemistry waits for its own part of the library,
// which may arrive later.
function setWanted() {
  const until = performance.now() + SLICE_MS;
  for (const code of [...wanted].filter(canBeSet)) {
    wanted.delete(code);
    if (set(code)) sizes.observe(code);
    if (performance.now() > until) break;
  }
  if ([...wanted].some(canBeSet)) requestAnimationFrame(setWanted);
}

const canBeSet = (code) => library.chemistry || !isChemistry(code);

// What is nested very deep ends the browser's process when it is laid out.
function isTooLarge(box) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_ELEMENT);
  let depth = 0;
  for (let count = 0; ; count += 1) {
    if (depth > DEEPEST || count > MOST_ELEMENTS) return true;
    if (walker.firstChild()) depth += 1;
    else {
      while (!walker.nextSibling()) {
        if (!walker.parentNode() || walker.currentNode === box) return false;
        depth -= 1;
      }
    }
  }
}

// Returns whether the element shows a formula on a line of its own now.
function set(code) {
  const written = code.textContent;
  const found = code.madeFrom === undefined ? texOf(written) : null;
  if (!found) return false;
  code.madeFrom = written;
  const box = document.createElement("span");
  try {
    // Elements, no HTML: styles are set one by one, as the content security policy asks for.
    library.katex.render(found.tex, box, { ...OPTIONS, displayMode: found.display, macros: {} });
    if (isTooLarge(box)) throw new RangeError("too deep");
  } catch {
    code.title = translate("formula_unreadable");
    return false;
  }
  code.replaceChildren(...box.childNodes);
  code.dataset.set = found.display ? "display" : "inline";
  return found.display;
}
