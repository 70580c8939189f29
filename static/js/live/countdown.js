// Counts down to the end of customer service windows, and marks those that close soon.
import { gettext, interpolate } from "../i18n.js";
import { CLOSING_SOON } from "../page/rules.js";
import { emit, on } from "../page/events.js";

const closed = new Set();

/** Time left, as inbox/formatting/humanize.py says it. */
function sentence(seconds) {
  if (seconds <= 0) return gettext("no time");
  const minutes = Math.floor(Math.min(seconds, 86_399) / 60);
  if (minutes < 1) return gettext("less than a minute");
  if (minutes < 60) return interpolate(gettext("%(minutes)d min"), { minutes });
  const parts = { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
  return interpolate(parts.minutes ? gettext("%(hours)d h %(minutes)02d") : gettext("%(hours)d h"), parts);
}

function tick() {
  for (const element of document.querySelectorAll("time[data-closes]")) {
    const left = (new Date(element.dateTime) - Date.now()) / 1000;
    const text = sentence(left);
    if (element.textContent !== text) element.textContent = text;
    const mark = element.closest("[data-closing]");
    if (mark?.matches(".conversation-row__tags")) mark.hidden = left <= 0 || left > CLOSING_SOON;
    else mark?.classList.toggle("composer__left--soon", left < CLOSING_SOON);
    // This device's clock may be wrong: the server decides.
    const key = `${element.dateTime} ${document.querySelector("#thread")?.dataset.conversation}`;
    if (left > 0 || !element.closest("[data-foot]") || closed.has(key)) continue;
    closed.add(key);
    emit("window-closed");
  }
}
setInterval(tick, 5_000);
on("inbox:merged inbox:changes inbox:composer htmx:afterSettle", tick);
tick();
