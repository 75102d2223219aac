// Brings the page to life.

import { Chat } from "parley/components/chat.js";
import { startDialogs } from "parley/components/dialogs.js";
import { defineElements } from "parley/components/elements.js";
import { startMenus } from "parley/components/menus.js";
import { startShortcuts } from "parley/components/shortcuts.js";
import { Sidebar } from "parley/components/sidebar.js";
import { startTheme } from "parley/components/theme.js";

// The server groups conversations by the viewer's days.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `parley_timezone=${zone}; path=/; max-age=31536000; samesite=lax`;

defineElements();
startTheme(localStorage);
startMenus();
startDialogs();

const sidebar = new Sidebar();
const chat = new Chat({ sidebar, storage: localStorage });

document.addEventListener("htmx:afterSettle", () => chat.adoptReplaced());
// Back from a conversation that began on this page; a jump to an anchor is no such thing.
addEventListener("popstate", () => location.pathname === chat.path || location.reload());

startShortcuts({
  new: () => location.assign("/"),
  search: () => sidebar.focusSearch(),
  compose: () => chat.composer.field.focus(),
  stop: () => chat.composer.stop(),
  help: () => document.getElementById("help").showModal(),
});
