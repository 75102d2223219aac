// On the offline page: loads the page that was meant as soon as the server answers again.

const LOOK_EVERY_MS = 4000;

async function look() {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

addEventListener("online", look);
setInterval(look, LOOK_EVERY_MS);
