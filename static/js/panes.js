// Which pane stands in front where there is room for one: the details open and close without reading the page again.
(() => {
  const thread = () => document.querySelector("#thread[data-conversation]");

  function show(details) {
    thread().toggleAttribute("data-at-details", details);
    const links = document.querySelectorAll(details ? "[data-details-close]" : "[data-details]");
    [...links].find((link) => link.checkVisibility())?.focus();
  }
  const heading = () => document.querySelector(".list__title");

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-details], [data-details-close]");
    if (!thread() || !link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const details = link.matches("[data-details]");
    if (details && document.querySelector(".app__details").checkVisibility()) return;
    // What was opened here is left by going back; what a link opened has nothing behind it.
    if (!details && history.state?.details) return history.back();
    if (details) history.pushState({ htmx: true, details }, "", link.href);
    else history.replaceState(history.state, "", link.href);
    show(details);
  });

  // The browser's Back and Forward between a thread and its details need nothing from the server: htmx would read the page.
  window.addEventListener(
    "popstate",
    (event) => {
      const details = new URLSearchParams(location.search).has("details");
      if (location.pathname !== `/conversations/${thread()?.dataset.conversation}/`) return;
      if (details === thread().hasAttribute("data-at-details")) return;
      event.stopImmediatePropagation();
      show(details);
    },
    true,
  );

  // A menu closes when one presses beside it, or Escape.
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  }
  document.addEventListener("click", ({ target }) => closeMenus(target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !document.querySelector("details.menu[open]")) return;
    event.preventDefault(); // it means the menu, not the thread
    event.target.closest("details.menu")?.querySelector("summary").focus();
    closeMenus();
  });

  // A thread that was opened takes the focus when the row that opened it is out of sight.
  document.addEventListener("htmx:afterSettle", ({ target }) => {
    if (target.id !== "conversation") return;
    const active = document.activeElement;
    if (active && active !== document.body && active.checkVisibility()) return;
    (document.querySelector(".thread__scroll") ?? document.querySelector("[aria-current=page].conversation-row") ?? heading()).focus();
  });

  // Who came from another page of the inbox by keys goes on in what was asked for, not from the top of the page.
  const BY_KEYS = "left-by-keys";
  addEventListener("pagehide", () => sessionStorage.setItem(BY_KEYS, document.activeElement.matches(":focus-visible")));
  if (sessionStorage.getItem(BY_KEYS) === "true" && document.activeElement === document.body) {
    (document.querySelector(".thread__scroll") ?? heading()).focus({ preventScroll: true });
  }
  sessionStorage.removeItem(BY_KEYS);
})();
