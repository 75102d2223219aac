// The editor of a prompt's blocks: adds and removes blocks, lets the text grow, and estimates the tokens so far.
{
  const BYTES_PER_TOKEN = 3; // as the server estimates
  const bytes = (text) => new TextEncoder().encode(text).length;
  const numberOf = (field) => Number(field.name.match(/_(\d+)_text$/)[1]);

  const grow = (field) => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, innerHeight * 0.7)}px`;
  };

  const start = (editor) => {
    const { name, most, label, cacheLabel, count } = editor.dataset;
    const list = editor.querySelector(".prompt-blocks__list");
    const add = editor.querySelector(".prompt-blocks__add");
    const fields = () => [...list.querySelectorAll("textarea")];

    const update = () => {
      let total = 0;
      fields().forEach((field, index) => {
        total += bytes(field.value);
        const block = field.closest(".prompt-block");
        const tokens = Math.ceil(total / BYTES_PER_TOKEN).toLocaleString(document.documentElement.lang);
        block.querySelector(".prompt-block__count").textContent = count.replace("%(count)s", tokens);
        field.setAttribute("aria-label", label.replace("%(number)d", index + 1));
        block.querySelector("select").setAttribute("aria-label", cacheLabel.replace("%(number)d", index + 1));
        block.querySelector(".prompt-block__remove").hidden = fields().length === 1;
      });
      add.disabled = fields().length >= Number(most);
    };

    const addBlock = () => {
      const used = new Set(fields().map(numberOf));
      // Blocks are read in the order of their numbers, so a new one follows the last. With gaps, all are numbered anew.
      if (used.has(Number(most) - 1)) renumber();
      const number = Math.max(-1, ...fields().map(numberOf)) + 1;
      const block = editor.querySelector("template").content.firstElementChild.cloneNode(true);
      setNumber(block, number);
      list.append(block);
      update();
      const field = block.querySelector("textarea");
      grow(field);
      field.focus();
    };

    const setNumber = (block, number) => {
      block.querySelector("textarea").name = `${name}_${number}_text`;
      block.querySelector("select").name = `${name}_${number}_cache`;
    };

    const renumber = () => [...list.children].forEach(setNumber);

    editor.addEventListener("input", (event) => {
      if (event.target.tagName === "TEXTAREA") grow(event.target);
      update();
    });
    editor.addEventListener("click", (event) => {
      if (event.target === add) addBlock();
      if (!event.target.classList.contains("prompt-block__remove")) return;
      event.target.closest(".prompt-block").remove();
      update();
      add.focus();
      editor.dispatchEvent(new Event("change", { bubbles: true }));
    });
    fields().forEach(grow);
    update();
  };

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll(".prompt-blocks").forEach(start),
  );
}
