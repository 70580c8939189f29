// Opening a conversation that takes longer than a moment: its place shows whose it will be, says when it did not come, and opens it once it can.
import { retryWhenConnected } from "../live/cursor.js";
import { emit } from "./events.js";

const PATIENCE = 250; // sooner, and it would only flicker
const pane = document.querySelector("[data-opening]");
const thread = document.querySelector("#conversation");
const unopened = pane.querySelector("[data-unopened]");
let timer;
let address;
let latest; // the request for what was pressed last: others that come later are not meant any more

const conversation = () => address?.match(/^\/conversations\/(\d+)\//)?.[1];
const row = () => document.querySelector(`[id="conversation-${conversation()}-row"]`);

function show(failed) {
  pane.querySelector("[data-opening-name]").textContent = row()?.querySelector(".conversation-row__name").textContent ?? "";
  pane.querySelector("[data-skeletons]").hidden = failed;
  unopened.hidden = !failed;
  pane.hidden = false;
  // Who types now does not mean the conversation that is about to go.
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
  // Back to the thread that is there needs no answer.
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
// Back to the conversation that is there; the list names it again.
pane.querySelector(".thread__back").addEventListener("click", (event) => {
  event.preventDefault();
  end();
  emit("list");
});
