// On the offline page: loads the page that was meant as soon as there is a network again.

addEventListener("online", () => location.reload());
