// Opening a conversation beside the list: what happens when the server, the session or the network says no.
(() => {
  document.addEventListener("htmx:beforeSwap", (event) => {
    // The session ended, and what came is the login page: it is no thread.
    if (!new URL(event.detail.xhr.responseURL).pathname.startsWith("/accounts/")) return;
    event.detail.shouldSwap = false;
    document.dispatchEvent(new CustomEvent("inbox:signed-out"));
    location.reload();
  });
  // The thread that goes holds nothing that htmx would have to take leave of, element by element.
  document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
    if (target.id === "conversation" && detail.shouldSwap) target.replaceChildren();
  });
  document.addEventListener("htmx:responseError", ({ detail }) => {
    if (detail.target?.id === "conversation") location.assign(detail.pathInfo.requestPath);
  });
  document.addEventListener("htmx:sendError", () => document.dispatchEvent(new CustomEvent("inbox:interrupted")));

  // The row that was pressed is the chosen one at once; its thread follows.
  document.addEventListener("htmx:beforeRequest", ({ target }) => {
    if (!target.matches(".conversation-row")) return;
    document.querySelector(".conversation-row[aria-current]")?.removeAttribute("aria-current");
    target.setAttribute("aria-current", "page");
  });
})();
