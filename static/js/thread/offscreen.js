// Removes messages far outside the window from the page, keeps their height, and loads them again when near.
import { gettext } from "../i18n.js";
import { readAt, retryWhenConnected } from "../live/cursor.js";
import { emit } from "../page/events.js";
import { elements } from "../page/requests.js";
import { container, messagesOf, playing, regroup } from "./messages.js";
import * as scrollPosition from "./scroll-position.js";

const MARGIN = 2500; // pixels above and below the window
const PAUSE = 60; // milliseconds that a part has to stay near; dragging the scroll bar passes hundreds
const away = (part) => "from" in part.dataset;
const near = new WeakSet();
let observer;

/** Change the log without announcing it to screen readers, which should hear of new messages only. */
export function quietly(act) {
  const log = document.querySelector("[role=log]");
  log.ariaLive = "off";
  const done = act();
  clearTimeout(quietly.timer);
  quietly.timer = setTimeout(() => (log.ariaLive = "polite"), 500);
  return done;
}

function inUse(part) {
  const selection = getSelection();
  const selected = !selection.isCollapsed && selection.containsNode(part, true);
  return selected || part.contains(document.activeElement) || playing(part) || part.querySelector("[data-message] details[open]");
}

function leave(part) {
  const messages = messagesOf(part);
  if (!messages.length || inUse(part)) return;
  part.style.blockSize = `${part.getBoundingClientRect().height}px`;
  Object.assign(part.dataset, { from: messages[0].dataset.place, to: messages[messages.length - 1].dataset.place });
  part.replaceChildren();
}

function failed(part) {
  const again = Object.assign(document.createElement("button"), { className: "button button--small", type: "button" });
  again.textContent = gettext("These messages could not be loaded. Try again");
  again.addEventListener("click", () => back(part));
  part.replaceChildren(again);
  retryWhenConnected(part, () => back(part));
}

async function back(part) {
  if (part.ariaBusy === "true" || !part.isConnected) return;
  part.ariaBusy = "true";
  delete part.dataset.stale;
  const { conversation } = document.querySelector("#thread").dataset;
  const response = await fetch(`/conversations/${conversation}/messages/?from=${part.dataset.from}&to=${part.dataset.to}`).catch(() => undefined);
  if (response?.redirected) return void location.reload();
  const html = response?.ok ? await response.text().catch(() => undefined) : undefined;
  part.ariaBusy = "false";
  if (!part.isConnected) return;
  if (html === undefined) return failed(part);
  // A message in it changed after this was fetched.
  if ("stale" in part.dataset) return back(part);
  const drawn = [...elements(html).querySelectorAll("[data-part] > :not(.new-line)")];
  delete part.dataset.from;
  delete part.dataset.to;
  quietly(() => part.replaceChildren(...drawn));
  part.style.blockSize = "";
  const messages = messagesOf(part);
  if (!messages.length) return part.remove();
  for (const edge of [messages[0], messages[messages.length - 1]]) regroup(edge);
  htmx.process(part);
  emit("drawn");
  readAt(response.headers.get("Cursor"));
  scrollPosition.keep();
  if (!near.has(part)) leave(part);
}

function moved(entries) {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      near.add(target);
      if (away(target)) setTimeout(() => near.has(target) && away(target) && back(target), PAUSE);
    } else {
      near.delete(target);
      if (!away(target) && target.isConnected) leave(target);
      else if (!target.isConnected) observer.unobserve(target);
    }
  }
}

function watch() {
  observer?.disconnect();
  const root = document.querySelector(".thread__scroll");
  if (!root) return;
  observer = new IntersectionObserver(moved, { root, rootMargin: `${MARGIN}px 0px` });
  for (const part of container().querySelectorAll("[data-part]")) observer.observe(part);
}

document.addEventListener("inbox:part", ({ detail }) => observer.observe(detail));
document.addEventListener("inbox:shown", watch);
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && watch());
watch();
