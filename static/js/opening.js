// Opening a conversation that takes longer than a moment: its place shows whose it will be, and says when it did not come.
(() => {
  const PATIENCE = 250; // sooner, and it would only flicker
  const pane = document.querySelector("[data-opening]");
  const unopened = pane.querySelector("[data-unopened]");
  let timer;
  let row;

  function show(failed) {
    pane.querySelector("[data-opening-name]").textContent = row.querySelector(".conversation-row__name").textContent;
    pane.querySelector("[data-skeletons]").hidden = failed;
    unopened.hidden = !failed;
    pane.hidden = false;
  }
  function end() {
    clearTimeout(timer);
    pane.hidden = true;
  }
  const isOpening = (event) => event.detail.target?.id === "conversation";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isOpening(event)) return;
    end();
    row = event.target.closest(".conversation-row");
    if (row) timer = setTimeout(show, PATIENCE, false);
  });
  document.addEventListener("htmx:beforeSwap", (event) => isOpening(event) && end());
  document.addEventListener("htmx:sendError", (event) => {
    if (!isOpening(event)) return;
    end();
    if (row?.isConnected) show(true);
  });
  pane.querySelector("[data-open-again]").addEventListener("click", () => row.click());
})();
