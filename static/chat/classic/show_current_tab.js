// On a phone the navigation of the settings is a row that scrolls: the open page's tab comes into view.
document
  .querySelector(".settings__nav [aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });
