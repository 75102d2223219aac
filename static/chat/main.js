// The entry module: starts all components of the chat page.

import { Chat } from "parley/chat.js";
import { leaveFor } from "parley/lib/navigation.js";
import { startCodeButtons } from "parley/markdown/code_blocks.js";
import { defineDiagramElement } from "parley/markdown/diagram_element.js";
import { defineMarkdownElement } from "parley/markdown/markdown_element.js";
import { startTableButtons } from "parley/markdown/tables.js";
import { startAllowedTools } from "parley/shell/allowed_tools.js";
import { startDialogs } from "parley/shell/dialogs.js";
import { startMenus } from "parley/shell/menus.js";
import { startShortcuts } from "parley/shell/shortcuts.js";
import { Sidebar } from "parley/shell/sidebar.js";
import { startThemeChoice } from "parley/shell/theme_choice.js";
import { defineTimeElement } from "parley/shell/time_element.js";
import { startClosing } from "parley/thread/closing.js";
import { startCopy } from "parley/thread/copy_message.js";
import { startLongMessages } from "parley/thread/long_message.js";
import { startPictureViewer } from "parley/thread/picture_viewer.js";
import { startPrinting } from "parley/thread/printing.js";
import { startRetryMenu } from "parley/thread/retry_menu.js";
import { quote, startSelection } from "parley/thread/selection.js";
import { startSteps } from "parley/thread/steps.js";
import { startSwapFocus } from "parley/thread/swap_focus.js";
import { startToolDecisions } from "parley/thread/tool_decision.js";

defineDiagramElement();
defineMarkdownElement();
defineTimeElement();
startThemeChoice(localStorage);
startMenus();
startDialogs();
startAllowedTools();
startCodeButtons();
startTableButtons();
startClosing();
startCopy();
startLongMessages();
startPictureViewer();
startPrinting();
startRetryMenu();
startSelection();
startSteps();
startSwapFocus();
startToolDecisions();

const sidebar = new Sidebar(localStorage);
const chat = new Chat({ sidebar, storage: localStorage });

document.addEventListener("htmx:afterSettle", () => chat.attachReplaced());
// The panel of an artifact asks for a change.
document.addEventListener("parley:send", ({ detail }) => chat.composer.send(detail.text));
// Back to the address before this page became a conversation. A jump to an anchor keeps the path.
addEventListener("popstate", () => location.pathname === chat.path || location.reload());

startShortcuts({
  new: () => leaveFor("/"),
  search: () => sidebar.focusSearch(),
  compose: () => chat.composer.field.focus(),
  // In the search field Escape clears the field.
  stop: () => document.activeElement !== sidebar.search && chat.composer.stop(),
  quote,
  sidebar: () => sidebar.toggle(),
  help: () => document.getElementById("help").showModal(),
});
