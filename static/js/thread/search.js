// The search in the open conversation: opens, closes, and moves through its results.
import * as pageHistory from "../page/history.js";

const panel = () => document.querySelector("[data-search-panel]");
const opener = () => document.querySelector("[data-search]");
const hits = () => [...panel().querySelectorAll(".search__hit")];

function open() {
  panel().hidden = false;
  pageHistory.opened(panel(), close);
  opener().ariaExpanded = "true";
  panel().querySelector("input").select();
}

function close() {
  if (!panel() || panel().hidden) return;
  panel().hidden = true;
  pageHistory.closed(panel());
  opener().ariaExpanded = "false";
  CSS.highlights?.delete("found");
  opener().focus();
}

/** Focus the next or previous result; after the last, the link to more. */
function step(event) {
  const found = [panel().querySelector("input"), ...hits()];
  const more = panel().querySelector(".thread__more a");
  const at = found.indexOf(document.activeElement);
  const next = found[at + (event.key === "ArrowDown" ? 1 : -1)] ?? (event.key === "ArrowDown" ? more : undefined);
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-search-close]")) return close();
  if (!event.target.closest("[data-search]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (panel().hidden) open();
  else close();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("[data-search-panel]") || event.isComposing) return;
  if (event.key === "Escape") {
    event.preventDefault();
    close();
  } else if (["ArrowDown", "ArrowUp"].includes(event.key)) step(event);
});
// The link to more results is replaced by them: the focus moves to the first.
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (!target.closest?.("[data-hits]") || !target.contains(document.activeElement)) return;
  const known = hits().length;
  document.addEventListener("htmx:afterSettle", () => hits()[known]?.focus(), { once: true });
});
