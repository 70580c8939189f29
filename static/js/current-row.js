// The row of the conversation that is open is marked in the list.
(() => {
  function markCurrent() {
    const open = document.querySelector("#thread")?.dataset.conversation;
    for (const row of document.querySelectorAll(".conversation-row")) {
      if (row.dataset.row === open) row.setAttribute("aria-current", "page");
      else row.removeAttribute("aria-current");
    }
  }

  for (const name of ["htmx:afterSettle", "inbox:list"]) document.addEventListener(name, markCurrent);
})();
