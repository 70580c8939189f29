// Announces new messages in other conversations to screen readers, politely and not too often.
import { interpolate, ngettext } from "../i18n.js";

const PAUSE = 5_000; // milliseconds between two announcements
const region = document.querySelector("[data-spoken]");
const elsewhere = new Set();
let waiting;

function say(words) {
  region.textContent = words;
}
function tell() {
  waiting = undefined;
  if (!elsewhere.size) return;
  const sentence = ngettext("New message in another conversation", "New messages in %(count)s other conversations", elsewhere.size);
  say(interpolate(sentence, { count: elsewhere.size }));
  elsewhere.clear();
}

document.addEventListener("inbox:changes", ({ detail }) => {
  const open = document.querySelector("#thread")?.dataset.conversation;
  for (const row of detail.querySelectorAll("[data-rows] > .conversation-row--unread")) if (row.dataset.row !== open) elsewhere.add(row.dataset.row);
  if (elsewhere.size) waiting ??= setTimeout(tell, PAUSE);
});
document.addEventListener("inbox:say", ({ detail }) => {
  say(detail.words);
  region.classList.toggle("visually-hidden", !detail.shown);
  if (detail.shown) setTimeout(() => region.classList.add("visually-hidden"), 8_000);
});
