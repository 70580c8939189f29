// Which pane stands in front where there is room for one: the details open and close without reading the page again.
(() => {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-details]");
    const closer = event.target.closest("[data-details-close]");
    const thread = document.querySelector("#thread");
    if (!thread || (!opener && !closer) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    thread.toggleAttribute("data-at-details", Boolean(opener));
    history.replaceState(history.state, "", (opener ?? closer).href);
    if (opener) document.querySelector(".details__close").focus();
    else document.querySelector("[data-details]").focus();
  });

  // A menu closes when one presses beside it, or Escape.
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  }
  document.addEventListener("click", ({ target }) => closeMenus(target.closest("details.menu")));
  document.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Escape") return;
    target.closest("details.menu")?.querySelector("summary").focus();
    closeMenus();
  });

  // A thread that was opened takes the focus when the row that opened it is out of sight.
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target.id !== "conversation") return;
    const active = document.activeElement;
    if (active && active !== document.body && active.checkVisibility()) return;
    (document.querySelector(".thread__scroll") ?? document.querySelector("[aria-current=page].conversation-row"))?.focus();
  });
})();
