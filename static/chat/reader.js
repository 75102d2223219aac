// The entry module of pages on which a conversation is only read: a shared one, and one that is printed.

import { confirmCopy, copy } from "parley/lib/clipboard.js";
import { startCodeButtons } from "parley/markdown/code_blocks.js";
import { defineDiagramElement } from "parley/markdown/diagram_element.js";
import { defineMarkdownElement } from "parley/markdown/markdown_element.js";
import { startTableButtons } from "parley/markdown/tables.js";
import { defineTimeElement } from "parley/shell/time_element.js";
import { foldLongMessages } from "parley/thread/long_message.js";
import { startPictureViewer } from "parley/thread/picture_viewer.js";
import { startPrinting } from "parley/thread/printing.js";
import { startSteps } from "parley/thread/steps.js";

defineDiagramElement();
defineMarkdownElement();
defineTimeElement();
startCodeButtons();
startTableButtons();
startPictureViewer();
startPrinting();
startSteps();
foldLongMessages(document);

document.addEventListener("click", async ({ target }) => {
  if (target.closest?.("[data-print]")) print();
  const button = target.closest?.("[data-copy-address]");
  if (button && (await copy(location.href))) confirmCopy(button);
});
