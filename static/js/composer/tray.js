// The tray: cards of files that the server is preparing, until it is done.
import { emit, on } from "../page/events.js";
import { elements } from "../page/requests.js";

const POLL = 700; // milliseconds

/** Put the server's card of a file in the place of the one that is shown. What is being written into it stays. */
export function replaceCard(old, html) {
  const fresh = elements(html).querySelector("[data-card]");
  if (!fresh) return;
  const [thumb, caption] = [old.querySelector("[data-thumb] img[src^=blob]"), old.querySelector("[data-caption]")];
  const focused = document.activeElement;
  const inside = old.contains(focused);
  if (thumb) fresh.querySelector("[data-thumb]").replaceChildren(thumb);
  if (caption) fresh.querySelector("[data-caption]")?.replaceWith(caption);
  old.replaceWith(fresh);
  emit("cards");
  if (inside) (focused === caption && caption.isConnected ? caption : fresh.querySelector("[data-remove]")).focus();
  watch(fresh);
}

/** Ask the server until the file is ready or refused. */
function watch(item) {
  if (item.dataset.state !== "preparing") return void emit("ready");
  if (item.watched) return;
  item.watched = true;
  setTimeout(async () => {
    const response = await fetch(item.dataset.address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
    item.watched = false;
    if (!item.isConnected) return;
    if (response?.status === 404) {
      item.remove();
      emit("ready");
    } else if (response?.ok && !response.redirected) replaceCard(item, await response.text());
    else watch(item);
  }, POLL);
}

const watchAll = () => document.querySelectorAll("[data-card][data-state=preparing]").forEach(watch);
on("htmx:afterSettle", ({ target }) => target.id === "conversation" && watchAll());
on("inbox:composer inbox:tray", watchAll);
watchAll();
