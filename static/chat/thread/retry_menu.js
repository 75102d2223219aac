// The menu of an answer's Retry button: the same again, or by another model, perhaps to compare, or with another effort,
// which a second level of it offers.

const CHOICE = "#choice option:not(:disabled)";
const EFFORT = "#effort option:not(:disabled)";
// The items that open a second level, and the name that its items have in their data.
const SECOND = {
  "[data-models]": "answerBy",
  "[data-compare-models]": "compareWith",
  "[data-efforts]": "withEffort",
};
const SECOND_LEVELS = Object.keys(SECOND).join();
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
  const showSecond = (item) => {
    const [, name] = Object.entries(SECOND).find(([selector]) => item.matches(selector));
    show(itemsOf(name === "withEffort" ? EFFORT : CHOICE, name));
  };
  const showFirst = () => {
    menu.innerHTML = first;
    menu.querySelector("[data-efforts]").hidden = document.querySelectorAll(EFFORT).length < 2;
    show([...menu.children]);
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-retry-menu], [data-other-model]");
    if (button) {
      opener = button;
      menu.dataset.turn = button.dataset.retryMenu ?? button.dataset.otherModel;
      menu.showPopover({ source: button });
      if ("otherModel" in button.dataset) show(itemsOf(CHOICE, "answerBy"));
      else showFirst();
    } else if (menu.contains(target) && target.closest(SECOND_LEVELS))
      showSecond(target.closest(SECOND_LEVELS));
  });
  menu.addEventListener("keydown", ({ key, target }) => {
    if (key === "ArrowRight" && target.matches(SECOND_LEVELS)) showSecond(target);
    else if (key === "ArrowLeft" && opener.matches("[data-retry-menu]") && target.matches("[data-second]")) {
      const [came] = Object.entries(SECOND).find(([, name]) => name in target.dataset);
      showFirst();
      menu.querySelector(came).focus();
    }
  });
}

const itemsOf = (options, name) =>
  [...document.querySelectorAll(options)].map((option) => newItem(option, name));

function newItem({ value, label, selected }, name) {
  const item = document.createElement("button");
  Object.assign(item, { type: "button", role: "menuitem", className: "menu__item", textContent: label });
  item.dataset[name] = value;
  item.dataset.second = "";
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
