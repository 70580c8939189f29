// Time left: counts down to a moment that the page names, in the words the server uses.
(() => {
  function words(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 1) return "less than a minute";
    if (minutes < 60) return `${minutes} min`;
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)} h${rest ? ` ${String(rest).padStart(2, "0")}` : ""}`;
  }

  function tick() {
    for (const element of document.querySelectorAll("time[data-closes]")) {
      const left = (new Date(element.dateTime) - Date.now()) / 1000;
      const text = left > 0 ? words(left) : "no time";
      if (element.textContent !== text) element.textContent = text;
    }
  }
  setInterval(tick, 15_000);
  document.addEventListener("inbox:merged", tick);
  document.addEventListener("htmx:afterSettle", tick);
  tick();
})();
