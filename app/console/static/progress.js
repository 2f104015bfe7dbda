// Keeps the parts of a campaign's page marked data-live up to date; without it the page reloads itself.
"use strict";

const watched = document.querySelector("[data-events]");
const progress = new EventSource(watched.dataset.events);

async function redraw() {
  const answer = await fetch(location.pathname);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const found = fresh.getElementById(part.id);
    if (!found) {
      location.reload();
      return;
    }
    part.innerHTML = found.innerHTML;
  }
}

progress.addEventListener("progress", (event) => {
  if (JSON.parse(event.data).done) {
    progress.close();
    location.replace(location.pathname);
    return;
  }
  redraw();
});
