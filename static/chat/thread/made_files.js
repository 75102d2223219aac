// Files that an answer made. The provider keeps them and may have deleted one since its card was filled, or not be
// reached. A download that fails tells nothing on the page, so the card is asked for again before it begins.

import { toast } from "parley/lib/announcements.js";
import { fetchFragment } from "parley/lib/fragments.js";
import { translate } from "parley/lib/page.js";

export function startMadeFiles() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-made-file] a[download]");
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    save(link);
  });
}

async function save(link) {
  const card = link.closest("[data-made-file]");
  let now;
  try {
    now = await fetchFragment(card.getAttribute("hx-get"));
  } catch {
    toast(translate("cant_load"));
    return;
  }
  const problem = now.find((element) => element.matches(".file--problem"));
  // The link stays: a provider that can't be reached now may be reached later.
  if (problem) toast(problem.querySelector(".file__about").textContent);
  else Object.assign(document.createElement("a"), { href: link.href, download: "" }).click();
}
