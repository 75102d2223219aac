// References to footnotes become buttons that lead to the footnote, and footnotes get a button that leads back.
// Links would need ids, and a page has many answers with a footnote 1.
// Buttons look at the page when they are pressed: as an answer grows, older elements take the place of new ones.

import { translate } from "parley/lib/page.js";

export function decorateFootnotes(root) {
  for (const reference of root.querySelectorAll(".footnote-reference")) {
    const number = reference.textContent;
    const label = translate("footnote", { number });
    reference.replaceChildren(button(number, label, (element) => go(noteOf(element))));
  }
  for (const note of root.querySelectorAll(".footnotes > li")) {
    note.tabIndex = -1;
    const back = button("↩", translate("footnote_back"), (element) => go(referenceTo(element)));
    back.className = "footnote-back";
    const last = note.lastElementChild;
    (last?.nodeName === "P" ? last : note).append(" ", back);
  }
}

function button(text, label, follow) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", () => follow(element));
  return element;
}

function noteOf(reference) {
  return answerOf(reference).querySelector(`.footnotes > li:nth-child(${Number(reference.textContent)})`);
}

function referenceTo(back) {
  const note = back.closest(".footnotes > li");
  const number = [...note.parentNode.children].indexOf(note) + 1;
  const found = [...answerOf(note).querySelectorAll(".footnote-reference > button")];
  return found.find((element) => element.textContent === String(number));
}

function answerOf(element) {
  return element.closest(".footnotes")?.parentNode ?? element.closest("parley-markdown") ?? document;
}

function go(target) {
  if (!target) return;
  for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}
