// Shows a placeholder while a conversation takes long to open, and lets the agent retry when it failed.
import { retryWhenConnected } from "../live/cursor.js";
import { emit } from "./events.js";

const PATIENCE = 250; // milliseconds; a faster answer needs no placeholder
const pane = document.querySelector("[data-opening]");
const thread = document.querySelector("#conversation");
const unopened = pane.querySelector("[data-unopened]");
let timer;
let address;
let latest; // the newest request; answers to earlier ones are ignored

const conversation = () => address?.match(/^\/conversations\/(\d+)\//)?.[1];
const row = () => document.querySelector(`[id="conversation-${conversation()}-row"]`);

function show(failed) {
  pane.querySelector("[data-opening-name]").textContent = row()?.querySelector(".conversation-row__name").textContent ?? "";
  pane.querySelector("[data-skeletons]").hidden = failed;
  unopened.hidden = !failed;
  pane.hidden = false;
  // What is typed now must not go into the conversation that is about to be replaced.
  thread.inert = true;
}
function end() {
  clearTimeout(timer);
  pane.hidden = true;
  thread.inert = false;
}
const isOpening = (event) => event.detail.target?.id === "conversation";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isOpening(event)) return;
  end();
  latest = event.detail.xhr;
  address = event.detail.pathInfo.requestPath;
  timer = setTimeout(show, PATIENCE, false);
});
const stale = (event) => isOpening(event) && event.detail.xhr !== latest;
document.addEventListener("htmx:beforeSwap", (event) => stale(event) && (event.detail.shouldSwap = false), true);
document.addEventListener("htmx:afterSettle", ({ target }) => target === thread && end(), true); // before the focus goes into it
document.addEventListener("inbox:left", () => (latest = undefined));
document.addEventListener("htmx:sendError", (event) => {
  if (!isOpening(event) || stale(event)) return;
  clearTimeout(timer);
  // Returning to the thread that is shown needs no answer.
  if (document.querySelector("#thread").dataset.conversation === conversation()) return end();
  show(true);
  retryWhenConnected(thread, () => unopened.checkVisibility() && open());
});
function open() {
  if (address === location.pathname + location.search) htmx.ajax("GET", address, { source: thread, target: thread, swap: "innerHTML" });
  else if (row()) row().click();
  else location.assign(address);
}
pane.querySelector("[data-open-again]").addEventListener("click", open);
// Back to the conversation that is shown; the list marks it again.
pane.querySelector(".thread__back").addEventListener("click", (event) => {
  event.preventDefault();
  end();
  emit("list");
});
