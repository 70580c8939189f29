// Older and newer messages: loads the next stretch of the thread when its end comes into view, or is pressed.
(() => {
  const watcher = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => load(entry.target)),
    { rootMargin: "600px 0px" },
  );

  async function load(link) {
    if (link.ariaBusy === "true") return;
    link.ariaBusy = "true";
    watcher.unobserve(link);
    const failed = link.parentElement.querySelector("[data-failed]");
    failed.hidden = true;
    const [end, address] = link.dataset.older ? ["[data-older]", link.dataset.older] : ["[data-newer]", link.dataset.newer];
    try {
      const response = await fetch(address);
      if (response.redirected) return void location.reload();
      if (!response.ok) throw new Error(response.status);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!link.isConnected) return;
      // A stretch of the past is not news: screen readers hear of new messages only.
      const log = link.closest("[role=log]");
      log.ariaLive = "off";
      document.dispatchEvent(new CustomEvent("inbox:messages", { detail: fresh.querySelectorAll(".day") }));
      setTimeout(() => (log.ariaLive = "polite"), 500);
      const next = fresh.querySelector(end)?.parentElement;
      if (next) link.parentElement.replaceWith(next);
      else link.parentElement.remove();
      watch();
    } catch {
      // Said where it happened; the link stays and can be pressed.
      link.ariaBusy = "false";
      failed.hidden = false;
    }
  }

  function watch() {
    for (const link of document.querySelectorAll("[data-older], [data-newer]")) watcher.observe(link);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-older], [data-newer]");
    if (!link) return;
    event.preventDefault();
    load(link);
  });
  document.addEventListener("htmx:afterSettle", watch);
  watch();
})();
