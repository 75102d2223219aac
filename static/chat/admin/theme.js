// The theme is one choice for all of Parley: the admin keeps it where the chat does (chat/shell/theme_choice.js).
{
  const KEY = "parley.theme";
  const isChoice = (value) => value === "light" || value === "dark";

  // The admin's theme says "auto" for the system's theme and reads and writes JSON. The chat's key is absent then.
  const storage = {
    getItem() {
      try {
        const value = localStorage.getItem(KEY);
        return JSON.stringify(isChoice(value) ? value : "auto");
      } catch {
        return '"auto"'; // storage may be forbidden
      }
    },
    setItem(_name, json) {
      const value = JSON.parse(json);
      try {
        if (isChoice(value)) localStorage.setItem(KEY, value);
        else localStorage.removeItem(KEY);
        localStorage.setItem("parley.unsaved", "admin"); // the chat's next page tells the server
      } catch {
        // Without storage the choice lasts until the page is left.
      }
    },
  };

  document.addEventListener("alpine:init", () => {
    const original = window.theme;
    window.theme = (...options) => ({
      ...original(...options),
      adminTheme: window.Alpine.$persist("auto").as(KEY).using(storage),
    });
  });

  const follow = () => {
    window.Alpine.$data(document.documentElement).adminTheme = JSON.parse(storage.getItem());
  };
  addEventListener("storage", (event) => event.key === KEY && follow());
  addEventListener("pageshow", (event) => event.persisted && follow());
}
