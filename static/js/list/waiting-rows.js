// A row of the list says when a message to its customer waits in this browser for the connection.
import { on } from "../page/events.js";
import * as outbox from "../sending/outbox.js";

function mark() {
  const waiting = new Set(outbox.all().filter((entry) => !entry.problem && (entry.waits || !navigator.onLine)).map(({ conversation }) => conversation));
  for (const row of document.querySelectorAll(".conversation-row")) {
    const line = row.querySelector("[data-waits]");
    if (line && !waiting.has(row.dataset.row)) line.remove();
    if (line || !waiting.has(row.dataset.row)) continue;
    const fresh = document.querySelector("[data-row-waits]").content.firstElementChild.cloneNode(true);
    row.querySelector(".conversation-row__preview").before(fresh);
  }
}

on("inbox:leaving inbox:list htmx:afterSettle", mark);
for (const name of ["online", "offline"]) window.addEventListener(name, mark);
mark();
