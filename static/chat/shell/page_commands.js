// The palette's commands of the chat page, and the models and assistants that it offers.

import { runToastAction } from "parley/lib/announcements.js";
import { leaveFor } from "parley/lib/navigation.js";
import { page, translate } from "parley/lib/page.js";
import { isTouchOnly } from "parley/lib/touch.js";
import { addCommand } from "parley/shell/commands.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const keys = (...names) => names.map((name) => (name === "Mod" ? (MAC ? "⌘" : "Ctrl") : name)).join(" ");
const click = (selector) => document.querySelector(selector)?.click();
const there = (selector) => document.querySelector(selector) !== null;

export function addPageCommands({ chat, sidebar }) {
  addConversationCommands(chat);
  addListCommands(sidebar);
  addSettingCommands();
}

// Returns the entries of the composer's picker. One that is chosen answers from the next message on.
export function choicesOf(composer) {
  const usable = [...composer.options.picker.options].filter((option) => !option.disabled);
  return usable.map((option) => ({
    name: option.textContent,
    words: option.parentElement.label,
    hint: option.parentElement.label,
    run: () => {
      composer.options.picker.value = option.value;
      composer.options.picker.dispatchEvent(new Event("change", { bubbles: true }));
      composer.field.focus();
    },
  }));
}

function addConversationCommands(chat) {
  const isListed = () => Boolean(page.conversation) && !page.temporary;
  const change = (name, on) => () => changeConversation(name, on);
  const add = (key, more) => addCommand({ name: translate(`command_${key}`), ...more });
  add("new", { icon: "new", keys: keys("Mod", "Shift", "O"), run: () => leaveFor("/") });
  add("temporary", {
    icon: "temporary",
    when: () => !page.temporary,
    run: () => chat.temporary.toggle() || leaveFor("/?temporary=1"),
  });
  add("end_temporary", {
    icon: "close",
    when: () => page.temporary && Boolean(page.conversation),
    run: () => chat.temporary.end(),
  });
  add("stop", { icon: "stop", keys: "Esc", when: () => chat.composer.busy, run: () => chat.composer.stop() });
  add("undo", {
    icon: "undo",
    keys: keys("Mod", "Z"),
    when: () => there("#toast:not([hidden]) > button:not([hidden])"),
    run: runToastAction,
  });
  add("copy", {
    icon: "copy",
    keys: keys("Mod", "Shift", "C"),
    when: () => there(".message--answer [data-copy]"),
    run: copyLastAnswer,
  });
  const rename = () =>
    htmx.ajax("GET", `/c/${page.conversation}/rename`, { target: "#dialog-content", source: document.body });
  add("rename", { icon: "edit", when: isListed, run: rename });
  add("pin", { icon: "pin", when: () => isListed() && !page.pinned, run: change("pin", "1") });
  add("unpin", { icon: "pin", when: () => isListed() && page.pinned, run: change("pin", "0") });
  add("archive", { icon: "archive", when: () => isListed() && !page.archived, run: change("archive", "1") });
  add("unarchive", { icon: "archive", when: () => isListed() && page.archived, run: change("archive", "0") });
  add("delete", {
    icon: "delete",
    keys: keys("Mod", "Shift", "⌫"),
    when: isListed,
    run: change("delete", "1"),
  });
}

function addListCommands(sidebar) {
  const add = (key, more) => addCommand({ name: translate(`command_${key}`), ...more });
  add("find", { icon: "search", keys: "/", run: () => sidebar.focusSearch() });
  add("select", { icon: "select", run: () => sidebar.select() });
  add("archived", { icon: "archive", run: () => sidebar.showArchived() });
  add("sidebar", { icon: "sidebar", keys: keys("Mod", "."), run: () => sidebar.toggle() });
}

function addSettingCommands() {
  const themes = [...document.querySelectorAll("[data-theme-choice] label")];
  for (const label of themes) {
    const name = translate("command_theme", { name: label.textContent.trim() });
    addCommand({ name, icon: "theme", run: () => label.querySelector("input").click() });
  }
  for (const button of document.querySelectorAll("#person-menu button[name=language]")) {
    // In its own words too, for a person who can't read the page's.
    const name = translate("command_language", { name: button.textContent.trim() });
    addCommand({ name, words: `language ${button.value}`, icon: "language", run: () => button.click() });
  }
  addCommand({
    name: translate("command_help"),
    icon: "help",
    keys: "?",
    when: () => !isTouchOnly(),
    run: () => click("[data-open-help]"),
  });
  for (const link of page.links) addCommand({ ...link, run: () => leaveFor(link.address) });
  addCommand({
    name: translate("command_sign_out"),
    icon: "signout",
    run: () => document.querySelector("[data-sign-out]").requestSubmit(),
  });
}

export function copyLastAnswer() {
  const copies = document.querySelectorAll(".message--answer [data-copy]");
  copies[copies.length - 1]?.click();
  return copies.length > 0;
}

// Returns false if there is none, or if something is written: its keys may be meant for that.
export function deleteConversation(composer) {
  if (!page.conversation || composer.field.value) return false;
  changeConversation("delete", "1");
  return true;
}

function changeConversation(name, on) {
  const address = `/c/${page.conversation}/${name}`;
  htmx.ajax("POST", address, { values: { on }, swap: "none", source: document.body });
}
