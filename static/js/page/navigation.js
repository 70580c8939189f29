// Opens and leaves conversations beside the list: by row, by Back and Forward, and when the session ends.
import { gettext } from "../i18n.js";
import { emit } from "./events.js";
import * as pageHistory from "./history.js";

const pane = document.querySelector("#conversation");
const nothing = document.querySelector("[data-nothing-open]");

document.addEventListener("htmx:beforeSwap", (event) => {
  // The session ended: the answer is the login page, not a thread.
  if (!new URL(event.detail.xhr.responseURL).pathname.startsWith("/accounts/")) return;
  event.detail.shouldSwap = false;
  emit("signed-out");
  location.reload();
});
// htmx would clean up the old thread element by element; nothing in it needs that.
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target.id === "conversation" && detail.shouldSwap) target.replaceChildren();
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.target?.id === "conversation") location.assign(detail.pathInfo.requestPath);
});
document.addEventListener("htmx:sendError", () => emit("interrupted"));

// The pressed row is marked at once; its thread follows.
document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (!target.matches(".conversation-row")) return;
  document.querySelector(".conversation-row[aria-current]")?.removeAttribute("aria-current");
  target.setAttribute("aria-current", "page");
});

/** Leave the open conversation. The list is there already, so nothing is requested. */
function leave() {
  document.title = (document.title.match(/^\(\d+\+?\) /)?.[0] ?? "") + gettext("Inbox");
  emit("left");
  pane.replaceChildren();
  htmx.swap(pane, nothing.innerHTML, { swapStyle: "innerHTML" });
}

/** Return to the list through the history, so that Back does not lead into the thread again. Can be awaited. */
export function leaveConversation() {
  const { layer = 0, overList } = history.state ?? {};
  if (overList) return pageHistory.back(1 + layer);
  const words = pageHistory.words().toString();
  pageHistory.push(words ? `/?${words}` : "/");
  return leave();
};

document.addEventListener("click", (event) => {
  if (!event.target.closest("#conversation .thread__back") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  leaveConversation();
});

// Back and Forward change the list's filter, the open conversation, or both, without loading a page.
window.addEventListener(
  "popstate",
  (event) => {
    if (!event.state?.htmx) return;
    event.stopImmediatePropagation();
    const words = pageHistory.words();
    if (words.toString() !== pageHistory.words(pageHistory.was).toString()) emit("words", words);
    const open = document.querySelector("#thread").dataset.conversation;
    if (location.pathname === (open ? `/conversations/${open}/` : "/")) return;
    if (location.pathname === "/") leave();
    else htmx.ajax("GET", location.pathname + location.search, { source: pane, target: pane, swap: "innerHTML" });
  },
  true,
);
