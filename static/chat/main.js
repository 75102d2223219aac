// The entry module: starts all components of the chat page.

import { Chat } from "parley/chat.js";
import { leaveFor } from "parley/lib/navigation.js";
import { defineMarkdownElement } from "parley/markdown/markdown_element.js";
import { startDialogs } from "parley/shell/dialogs.js";
import { startMenus } from "parley/shell/menus.js";
import { startShortcuts } from "parley/shell/shortcuts.js";
import { Sidebar } from "parley/shell/sidebar.js";
import { startThemeChoice } from "parley/shell/theme_choice.js";
import { defineTimeElement } from "parley/shell/time_element.js";

// The server groups conversations by the days of the user's time zone.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.cookie = `parley_timezone=${zone}; path=/; max-age=31536000; samesite=lax`;

defineMarkdownElement();
defineTimeElement();
startThemeChoice(localStorage);
startMenus();
startDialogs();

const sidebar = new Sidebar();
const chat = new Chat({ sidebar, storage: localStorage });

document.addEventListener("htmx:afterSettle", () => chat.attachReplaced());
// Back to the address before this page became a conversation. A jump to an anchor keeps the path.
addEventListener("popstate", () => location.pathname === chat.path || location.reload());

startShortcuts({
  new: () => leaveFor("/"),
  search: () => sidebar.focusSearch(),
  compose: () => chat.composer.field.focus(),
  stop: () => chat.composer.stop(),
  help: () => document.getElementById("help").showModal(),
});
