// Loads older and newer messages when their end of the thread comes near.
import { readAt, retryWhenConnected } from "../live/cursor.js";
import { emit } from "../page/events.js";
import { elements } from "../page/requests.js";
import { quietly } from "./offscreen.js";
import { join } from "./placement.js";
import * as scrollPosition from "./scroll-position.js";

const MARGIN = 1500; // pixels before the end comes into view
let watcher;
// Older messages are loaded ahead only after the first scroll; many agents read just the newest.
let reading = false;

async function load(link) {
  if (link.ariaBusy === "true") return;
  link.ariaBusy = "true";
  watcher.unobserve(link);
  const failed = link.parentElement.querySelector("[data-failed]");
  failed.hidden = true;
  const [end, address] = link.dataset.older ? ["[data-older]", link.dataset.older] : ["[data-newer]", link.dataset.newer];
  try {
    const response = await fetch(address);
    if (response.redirected) return void location.reload();
    if (!response.ok) throw new Error(response.status);
    const fresh = elements(await response.text());
    if (!link.isConnected) return;
    quietly(() => join(fresh.querySelectorAll(".day")));
    const next = fresh.querySelector(end)?.parentElement;
    if (next) link.parentElement.replaceWith(next);
    else link.parentElement.remove();
    scrollPosition.keep();
    emit("drawn");
    watch();
    readAt(response.headers.get("Cursor"));
  } catch {
    // Shown in place; the link stays and can be pressed.
    link.ariaBusy = "false";
    failed.hidden = false;
    retryWhenConnected(link, () => link.isConnected && load(link));
  }
}

function watch() {
  watcher?.disconnect();
  // The margin applies to the scrolling element only when it is the root.
  const root = document.querySelector(".thread__scroll");
  watcher = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => load(entry.target)),
    { root, rootMargin: `${reading ? MARGIN : 0}px 0px` },
  );
  for (const link of document.querySelectorAll("[data-older], [data-newer]")) watcher.observe(link);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-older], [data-newer]");
  if (!link) return;
  event.preventDefault();
  load(link);
});
function begin({ target }) {
  if (reading || !target.matches?.(".thread__scroll")) return;
  reading = true;
  watch();
}

document.addEventListener("scroll", begin, true);
document.addEventListener("inbox:shown", watch);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id === "conversation") reading = false;
  watch();
});
watch();
