// Opening a conversation beside the list and leaving it: by its row, by Back and Forward, and when server or session say no.
import { gettext } from "../i18n.js";
import { emit } from "./events.js";
import * as pageHistory from "./history.js";

const pane = document.querySelector("#conversation");
const nothing = document.querySelector("[data-nothing-open]");

document.addEventListener("htmx:beforeSwap", (event) => {
  // The session ended, and what came is the login page: it is no thread.
  if (!new URL(event.detail.xhr.responseURL).pathname.startsWith("/accounts/")) return;
  event.detail.shouldSwap = false;
  emit("signed-out");
  location.reload();
});
// The thread that goes holds nothing that htmx would have to take leave of, element by element.
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target.id === "conversation" && detail.shouldSwap) target.replaceChildren();
});
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.target?.id === "conversation") location.assign(detail.pathInfo.requestPath);
});
document.addEventListener("htmx:sendError", () => emit("interrupted"));

// The row that was pressed is the chosen one at once; its thread follows.
document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (!target.matches(".conversation-row")) return;
  document.querySelector(".conversation-row[aria-current]")?.removeAttribute("aria-current");
  target.setAttribute("aria-current", "page");
});

/** Leave the open conversation. The list stands there already: nothing is asked of the server. */
function leave() {
  document.title = (document.title.match(/^\(\d+\+?\) /)?.[0] ?? "") + gettext("Inbox");
  emit("left");
  pane.replaceChildren();
  htmx.swap(pane, nothing.innerHTML, { swapStyle: "innerHTML" });
}

/** Back to the list: by the way one came, so that the browser's Back does not lead into the thread again. Can be awaited. */
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

// Back and Forward change the list, or what stands beside it, or both; the page itself stays.
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
