// Time left: counts down to the moments that the page names, in the words the server uses; marks what is close.
import { emit, on } from "../page/events.js";

const SOON = 2 * 60 * 60; // seconds; inbox/web/queries/conversation_list.py marks by the same
const closed = new Set();

function words(seconds) {
  const minutes = Math.floor(Math.min(seconds, 86_399) / 60);
  if (seconds <= 0) return "no time";
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  const hours = `${Math.floor(minutes / 60)} h`;
  return rest ? `${hours} ${String(rest).padStart(2, "0")}` : hours;
}

function tick() {
  for (const element of document.querySelectorAll("time[data-closes]")) {
    const left = (new Date(element.dateTime) - Date.now()) / 1000;
    const text = words(left);
    if (element.textContent !== text) element.textContent = text;
    const mark = element.closest("[data-closing]");
    if (mark?.matches(".conversation-row__tags")) mark.hidden = left <= 0 || left > SOON;
    else mark?.classList.toggle("composer__left--soon", left < SOON);
    // Our clock says so; the server has the word on it.
    const key = `${element.dateTime} ${document.querySelector("#thread")?.dataset.conversation}`;
    if (left > 0 || !element.closest("[data-foot]") || closed.has(key)) continue;
    closed.add(key);
    emit("window-closed");
  }
}
setInterval(tick, 5_000);
on("inbox:merged inbox:changes inbox:composer htmx:afterSettle", tick);
tick();
