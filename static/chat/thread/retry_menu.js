// The menu of an answer's Retry button: the same again, or by another model, which a second level of it offers.

const CHOICE = "#choice";
const MARGIN_PX = 8;
const GAP_PX = 4;

export function startRetryMenu() {
  const menu = document.getElementById("retry-menu");
  const first = menu.innerHTML;
  let opener = null;

  const show = (items) => {
    menu.replaceChildren(...items);
    place(menu, opener.getBoundingClientRect());
    (menu.querySelector("[aria-current]") ?? menu.firstElementChild)?.focus();
  };
  const showModels = () =>
    show([...document.querySelectorAll(`${CHOICE} option:not(:disabled)`)].map(modelItem));
  const showFirst = () => {
    menu.innerHTML = first;
    show([...menu.children]);
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-retry-menu], [data-other-model]");
    if (button) {
      opener = button;
      menu.dataset.turn = button.dataset.retryMenu ?? button.dataset.otherModel;
      menu.showPopover({ source: button });
      if ("otherModel" in button.dataset) showModels();
      else showFirst();
    } else if (menu.contains(target) && target.closest("[data-models]")) showModels();
  });
  menu.addEventListener("keydown", ({ key, target }) => {
    if (key === "ArrowRight" && target.matches("[data-models]")) showModels();
    else if (
      key === "ArrowLeft" &&
      opener.matches("[data-retry-menu]") &&
      target.matches("[data-answer-by]")
    ) {
      showFirst();
      menu.querySelector("[data-models]").focus();
    }
  });
}

function modelItem({ value, label, selected }) {
  const item = document.createElement("button");
  Object.assign(item, { type: "button", role: "menuitem", className: "menu__item", textContent: label });
  item.dataset.answerBy = value;
  if (selected) item.setAttribute("aria-current", "true");
  return item;
}

function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const above = anchor.top - height - GAP_PX;
  const below = Math.min(anchor.bottom + GAP_PX, innerHeight - height - MARGIN_PX);
  menu.style.top = `${above > MARGIN_PX ? above : below}px`;
  menu.style.left = `${Math.max(MARGIN_PX, Math.min(anchor.left, innerWidth - width - MARGIN_PX))}px`;
}
