// Keyboard shortcuts: single keys outside of fields, and Ctrl or Command with K.
import { emit } from "./events.js";

const KEPT = "single-keys";
const rows = () => [...document.querySelectorAll(".list__rows .conversation-row")];

/** Move the focus by rows, from the focused row or else the open one, to the next that is wanted. */
function step(by, wanted = () => true) {
  const all = rows();
  const focused = all.indexOf(document.activeElement);
  let at = focused >= 0 ? focused : all.findIndex((row) => row.ariaCurrent === "page");
  if (at < 0 && by < 0) at = all.length;
  do at += by;
  while (all[at] && !wanted(all[at]));
  all[at]?.focus();
  all[at]?.scrollIntoView({ block: "nearest" });
  return all[at];
}
const unread = (row) => row.matches(".conversation-row--unread");

function press(selector) {
  const found = document.querySelector(selector);
  found?.click();
  return found;
}
function focus(selector) {
  const found = document.querySelector(selector);
  found?.focus();
  return found;
}
let cancelled = -Infinity;
// The Escape that closes a dialog may reach the page after it closed.
document.addEventListener("cancel", ({ timeStamp }) => (cancelled = timeStamp), true);
function back({ timeStamp }) {
  if (timeStamp - cancelled < 100 || !document.querySelector("#thread[data-conversation]")) return;
  const row = rows().find((one) => one.ariaCurrent === "page") ?? rows()[0];
  if (row?.checkVisibility()) row.focus();
  else press(".thread__back");
}

/** What single keys do; other modules add theirs. */
export const shortcuts = {
  j: () => step(1),
  k: () => step(-1),
  "[": () => step(-1, unread)?.click(),
  "]": () => step(1, unread)?.click(),
  r: () => focus("[data-words]"),
  p: () => press("[data-pin] button"),
  u: () => press("[data-mark-unread] button"),
  d: () => press("[data-details]"),
  "/": () => document.querySelector("[data-people]").select(),
  "?": () => emit("help"),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const { key, target } = event;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key.toLowerCase() === "k") {
    event.preventDefault();
    return emit("palette");
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("dialog") || document.querySelector("dialog[open], details.menu[open]")) return;
  const inField = target.closest("input, textarea, select, [contenteditable]");
  if (key === "Escape") {
    if (inField?.value && inField.type === "search") return;
    return back(event);
  }
  if (inField) return;
  if (["ArrowDown", "ArrowUp"].includes(key) && target.closest(".conversation-row")) {
    event.preventDefault();
    return step(key === "ArrowDown" ? 1 : -1);
  }
  if (localStorage.getItem(KEPT) === "off" || !Object.hasOwn(shortcuts, key)) return;
  event.preventDefault();
  shortcuts[key]();
});
