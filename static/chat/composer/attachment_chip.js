// The chip of one file in the tray: its name, progress, error and picture.

import { announce } from "parley/lib/announcements.js";
import { keepFocus } from "parley/lib/focus.js";
import { fromTemplate } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";
import { FAILED, READY, SENDING } from "parley/models/message/uploads.js";

export function newChip({ key }) {
  const chip = fromTemplate("upload-chip");
  chip.dataset.key = key;
  return chip;
}

// `item`: as in models/message/uploads.js.
export function showChip(chip, item) {
  const before = chip.dataset.status;
  chip.dataset.status = item.status;
  chip.querySelector(".chip__name").textContent = item.name;
  const bar = chip.querySelector("progress");
  bar.hidden = item.status !== SENDING;
  bar.value = item.progress;
  chip.querySelector(".chip__error").textContent = item.error;
  const remove = chip.querySelector("[data-remove]");
  keepFocus(
    () => (chip.querySelector("[data-again]").hidden = !item.again),
    () => remove,
  );
  remove.setAttribute("aria-label", translate("remove_file", { name: item.name }));
  if (before === item.status) return;
  if (item.status === READY) ready(chip, item);
  if (item.status === FAILED) failed(chip, item);
}

// A long tray scrolls: the failed file may be out of view.
function failed(chip, { name, error }) {
  announce(`${name}: ${error}`);
  chip.scrollIntoView({ block: "nearest" });
}

function ready(chip, { id, name, kind }) {
  announce(translate("file_attached", { name }));
  if (kind !== "image") return;
  const picture = new Image();
  picture.src = `/attachments/${encodeURIComponent(id)}/thumbnail`;
  picture.alt = "";
  chip.querySelector(".chip__picture").replaceChildren(picture);
}
