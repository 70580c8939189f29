// Quotes lead to what they quote: in the page when it is loaded, otherwise the link opens that part of the thread.
(() => {
  function mark(message) {
    document.querySelector(".message--jumped-to")?.classList.remove("message--jumped-to");
    // The fifth picture of an album is not seen: the album is.
    const shown = message.checkVisibility() ? message : (message.closest(".album") ?? message);
    shown.classList.add("message--jumped-to");
    shown.scrollIntoView({ block: "center" });
    setTimeout(() => shown.classList.remove("message--jumped-to"), 4000);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-jump]");
    const message = link && document.getElementById(link.hash.slice(1));
    if (!message) return;
    event.preventDefault();
    mark(message);
  });

  const target = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
  if (target) mark(target);
})();
