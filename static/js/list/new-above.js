// Counts conversations with new messages above the visible part of the list.
import { interpolate, ngettext } from "../i18n.js";

const above = new Set();
const list = () => document.querySelector(".list__rows");
const button = () => document.querySelector("[data-above]");

function show() {
  button().hidden = !above.size;
  button().querySelector("[data-above-words]").textContent = interpolate(ngettext("%(count)s new above", "%(count)s new above", above.size), { count: above.size });
}
function clear() {
  if (!above.size) return;
  above.clear();
  show();
}

document.addEventListener("inbox:above", ({ detail }) => {
  above.add(detail);
  show();
});
document.addEventListener("inbox:settled", () => list().scrollTop < 40 && clear());
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-above]")) return;
  list().scrollTop = 0;
  clear();
  // The button disappears: move the keyboard focus to the top.
  list().querySelector(".conversation-row")?.focus({ preventScroll: true });
});
document.addEventListener("scroll", ({ target }) => target === list() && target.scrollTop < 40 && clear(), true);
