// Switches the browser's notices on and off on the page of general settings. The browser is asked for its permission
// only after a press of the button, and the choice belongs to this browser, as the permission does.
{
  const KEY = "parley.notifications";
  const box = document.querySelector("[data-notifications]");
  const button = box.querySelector("button");
  const words = box.querySelector("[data-words]");
  const offered = "Notification" in window && !/Android|iPhone|iPad/.test(navigator.userAgent);

  const isOn = () => Notification.permission === "granted" && localStorage.getItem(KEY) === "1";
  const show = () => {
    const state = !offered
      ? "missing"
      : Notification.permission === "denied"
        ? "denied"
        : isOn()
          ? "on"
          : "off";
    words.textContent = box.dataset[state];
    button.hidden = state === "missing" || state === "denied";
    button.textContent = state === "on" ? box.dataset.switchOff : box.dataset.switchOn;
  };
  button.addEventListener("click", async () => {
    if (isOn()) localStorage.removeItem(KEY);
    else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(KEY, "1");
    show();
  });
  box.hidden = false;
  show();
}
