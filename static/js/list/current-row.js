// The row of the conversation that is open is marked in the list.
import { on } from "../page/events.js";

function markCurrent() {
  const open = document.querySelector("#thread")?.dataset.conversation;
  for (const row of document.querySelectorAll(".conversation-row")) {
    if (row.dataset.row === open) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
  }
}

on("htmx:afterSettle inbox:list", markCurrent);
