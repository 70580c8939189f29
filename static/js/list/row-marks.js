// Marks rows of the list: the open conversation's, and those with a message that waits in this browser for the connection.
import { on } from "../page/events.js";
import * as outbox from "../sending/outbox.js";

const rows = () => document.querySelectorAll(".conversation-row");

function markOpen() {
  const open = document.querySelector("#thread")?.dataset.conversation;
  for (const row of rows()) {
    if (row.dataset.row === open) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
  }
}

function markWaiting() {
  const entries = outbox.all().filter(({ problem, waits }) => !problem && (waits || !navigator.onLine));
  const waiting = new Set(entries.map(({ conversation }) => conversation));
  for (const row of rows()) {
    const line = row.querySelector("[data-waits]");
    if (line && !waiting.has(row.dataset.row)) line.remove();
    if (line || !waiting.has(row.dataset.row)) continue;
    const fresh = document.querySelector("[data-row-waits]").content.firstElementChild.cloneNode(true);
    row.querySelector(".conversation-row__preview").before(fresh);
  }
}

on("htmx:afterSettle inbox:list", markOpen);
on("htmx:afterSettle inbox:list inbox:leaving", markWaiting);
window.addEventListener("online", markWaiting);
window.addEventListener("offline", markWaiting);
markWaiting();
