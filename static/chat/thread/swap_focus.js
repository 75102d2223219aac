// The focus after htmx has replaced its button: the arrows of a message's versions, "Show earlier messages", the answer
// that is kept of a comparison, a row that leaves the list of conversations, and the form that asks what a person thinks
// of an answer.

import { focusIfLost, messageField } from "parley/lib/focus.js";

export function startSwapFocus() {
  // By request: another swap may begin before this one has settled.
  const finders = new WeakMap();
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    finders.set(detail.xhr, finder(detail));
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const find = finders.get(detail.xhr);
    if (find) focusIfLost(find());
    finders.delete(detail.xhr);
  });
}

// Returns a function that finds the element for the focus after the swap, or null.
function finder({ target, requestConfig }) {
  // A button of it has an id, which htmx looks for by itself.
  if ("feedback" in target.dataset && !requestConfig?.elt.id) {
    const [good] = target.querySelectorAll(".action");
    const pressed = target.querySelector(".action[aria-pressed=true]") ?? good;
    return () => document.getElementById(pressed.id);
  }
  if (target.id === "conversations" && target.contains(document.activeElement)) return rowOfList;
  const button = requestConfig?.elt;
  if (button?.matches("[data-keep]")) return messageField;
  const versions = button?.closest("[data-versions]")?.dataset.versions;
  if (versions) return () => arrow(versions, button.dataset.step);
  return button?.matches("[data-earlier]") ? topOfThread : null;
}

// The arrow in the same direction, or the other one at the end of the versions.
function arrow(versions, step) {
  const arrows = [...document.querySelectorAll(`[data-versions="${versions}"] button:enabled`)];
  return arrows.find((each) => each.dataset.step === step) ?? arrows[0];
}

const rowOfList = () => {
  const list = document.getElementById("conversations");
  return list.querySelector("[aria-current]") ?? list.querySelector(".conversation > a");
};

const topOfThread = () => document.querySelector("#thread > :is([data-earlier], .message)");
