// A row of the list says when a message to its customer waits in this browser for the connection.
(() => {
  function mark() {
    const waiting = new Set(inbox.leaving.all().filter((entry) => !entry.problem && (entry.waits || !navigator.onLine)).map(({ conversation }) => conversation));
    for (const row of document.querySelectorAll(".conversation-row")) {
      const line = row.querySelector("[data-waits]");
      if (line && !waiting.has(row.dataset.row)) line.remove();
      if (line || !waiting.has(row.dataset.row)) continue;
      const fresh = document.querySelector("[data-row-waits]").content.firstElementChild.cloneNode(true);
      row.querySelector(".conversation-row__preview").before(fresh);
    }
  }

  for (const name of ["inbox:leaving", "inbox:list", "htmx:afterSettle"]) document.addEventListener(name, mark);
  for (const name of ["online", "offline"]) window.addEventListener(name, mark);
  mark();
})();
