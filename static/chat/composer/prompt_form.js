// The form that asks for what a saved prompt leaves open.

import { translate } from "parley/lib/page.js";
import { isTouchOnly } from "parley/lib/touch.js";
import { isSendKey } from "parley/models/keys/keyboard.js";

// `fields`: as placeholders() returns them. Resolves to the values by name, or to null when the person cancels.
export function askForValues(command, fields) {
  const dialog = document.getElementById("prompt-form");
  const form = dialog.querySelector("form");
  dialog.querySelector("h2").textContent = translate("prompt_form", { command });
  dialog.querySelector("[data-fields]").replaceChildren(...fields.map(fieldRow));
  let inserted = false;
  dialog.showModal();
  dialog.querySelector("[data-value]").focus();
  return new Promise((resolve) => {
    form.onsubmit = () => void (inserted = true);
    form.onkeydown = (event) => {
      if (!event.target.matches("textarea") || !isSendKey(event, { touch: isTouchOnly() })) return;
      event.preventDefault();
      form.requestSubmit();
    };
    dialog.querySelector("[data-cancel]").onclick = () => dialog.close();
    dialog.onclose = () => resolve(inserted ? valuesOf(form, fields) : null);
  });
}

function fieldRow({ name, value, options }, number) {
  const row = document.createElement("div");
  const label = document.createElement("label");
  const input = document.createElement(options.length ? "select" : "textarea");
  row.className = "field";
  Object.assign(label, { className: "field__label", dir: "auto", textContent: name });
  Object.assign(input, { className: "input", id: `prompt-value-${number}`, dir: "auto" });
  label.htmlFor = input.id;
  input.dataset.value = "";
  if (options.length) input.append(...options.map((option) => new Option(option, option)));
  else Object.assign(input, { rows: 1, value });
  row.append(label, input);
  return row;
}

function valuesOf(form, fields) {
  const inputs = [...form.querySelectorAll("[data-value]")];
  return Object.fromEntries(fields.map(({ name }, number) => [name, inputs[number].value]));
}
