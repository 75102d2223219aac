// The entry module: starts all components of the chat page.

import { Chat } from "parley/chat.js";
import { Dictation } from "parley/composer/dictation.js";
import { runToastAction } from "parley/lib/announcements.js";
import { leaveFor } from "parley/lib/navigation.js";
import { page } from "parley/lib/page.js";
import { startCodeButtons } from "parley/markdown/code_blocks.js";
import { defineDiagramElement } from "parley/markdown/diagram_element.js";
import { defineMarkdownElement } from "parley/markdown/markdown_element.js";
import { startTableButtons } from "parley/markdown/tables.js";
import { MessageStorage } from "parley/models/message/message_storage.js";
import { startAllowedTools } from "parley/shell/allowed_tools.js";
import { startDialogs } from "parley/shell/dialogs.js";
import { startMenus } from "parley/shell/menus.js";
import { installOfflinePage } from "parley/shell/offline_page.js";
import {
  addPageCommands,
  choicesOf,
  copyLastAnswer,
  deleteConversation,
} from "parley/shell/page_commands.js";
import { Palette } from "parley/shell/palette.js";
import { startSharing } from "parley/shell/sharing.js";
import { startShortcuts } from "parley/shell/shortcuts.js";
import { Sidebar } from "parley/shell/sidebar.js";
import { startThemeChoice } from "parley/shell/theme_choice.js";
import { defineTimeElement } from "parley/shell/time_element.js";
import { showWordsOnArrival } from "parley/shell/undo_deletion.js";
import { startClosing } from "parley/thread/closing.js";
import { startCopy } from "parley/thread/copy_message.js";
import { startForks } from "parley/thread/fork_message.js";
import { startLongMessages } from "parley/thread/long_message.js";
import { startMadeFiles } from "parley/thread/made_files.js";
import { startPictureViewer } from "parley/thread/picture_viewer.js";
import { startPrinting } from "parley/thread/printing.js";
import { Reader } from "parley/thread/read_aloud.js";
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
startSharing();
startAllowedTools();
startCodeButtons();
startTableButtons();
startClosing();
startCopy();
startLongMessages();
startPictureViewer();
startMadeFiles();
startPrinting();
new Reader().start();
startRetryMenu();
startSelection();
startSteps();
startSwapFocus();
startToolDecisions();

const sidebar = new Sidebar(localStorage);
const messages = new MessageStorage({
  lasting: localStorage,
  passing: sessionStorage,
  temporary: () => page.temporary,
});
const chat = new Chat({ sidebar, storage: localStorage, messages });
new Dictation({ form: chat.composer.form, field: chat.composer.field, storage: localStorage });
startForks({ storage: localStorage, field: chat.composer.field });
showWordsOnArrival();
installOfflinePage();
addPageCommands({ chat, sidebar });
const palette = new Palette({ choices: () => choicesOf(chat.composer) });

document.addEventListener("htmx:afterSettle", () => chat.attachReplaced());
// The panel of an artifact asks for a change.
document.addEventListener("parley:send", ({ detail }) => chat.composer.sendText(detail.text));
// Back to the address before this page became a conversation. A jump to an anchor keeps the path.
addEventListener("popstate", () => location.pathname === chat.path || location.reload());

startShortcuts({
  new: () => leaveFor("/"),
  palette: () => palette.open(),
  search: () => sidebar.focusSearch(),
  copy: copyLastAnswer,
  delete: () => deleteConversation(chat.composer),
  undo: runToastAction,
  compose: () => chat.composer.field.focus(),
  // In the search field Escape clears the field.
  stop: () => document.activeElement !== sidebar.search && chat.composer.escape(),
  quote,
  sidebar: () => sidebar.toggle(),
  help: () => document.getElementById("help").showModal(),
});
