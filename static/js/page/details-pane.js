// The details pane: shown and hidden on narrow screens without reloading the page. Its files follow the changes.
import * as pageHistory from "./history.js";

const thread = () => document.querySelector("#thread[data-conversation]");

function show(details) {
  thread().toggleAttribute("data-at-details", details);
  const links = document.querySelectorAll(details ? "[data-details-close]" : "[data-details]");
  [...links].find((link) => link.checkVisibility())?.focus();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-details], [data-details-close]");
  if (!thread() || !link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const details = link.matches("[data-details]");
  if (details && document.querySelector(".app__details").checkVisibility()) return;
  // A pane that was opened here is closed by going back; one opened by a link has no entry to go back to.
  if (!details && history.state?.details) return history.back();
  pageHistory.push(link.href, { details }, { again: !details });
  show(details);
});

// Back and Forward between a thread and its details: without this, htmx would load the page.
window.addEventListener(
  "popstate",
  (event) => {
    const details = new URLSearchParams(location.search).has("details");
    if (location.pathname !== `/conversations/${thread()?.dataset.conversation}/`) return;
    if (details === thread().hasAttribute("data-at-details")) return;
    event.stopImmediatePropagation();
    show(details);
  },
  true,
);

document.addEventListener("inbox:changes", ({ detail }) => {
  const fresh = detail.querySelector("[data-kept-files]");
  const shown = document.querySelector("[data-kept-files]");
  if (!fresh || !shown || shown.innerHTML === fresh.innerHTML) return;
  const focused = shown.contains(document.activeElement) && document.activeElement.getAttribute("href");
  shown.replaceWith(fresh);
  if (focused) fresh.querySelector(`[href="${focused}"]`)?.focus();
});
