// Message shortcuts: m selects the last visible one, arrows move, q replies, e reacts, Enter opens details.
import { shortcuts } from "../page/shortcuts.js";

const scroller = () => document.querySelector(".thread__scroll");
const current = () => document.activeElement.closest?.("[data-message]");
const shown = () => [...document.querySelectorAll("#thread [data-message]")].filter((one) => one.checkVisibility());

function take(message) {
  if (!message) return;
  message.tabIndex = -1;
  message.focus({ preventScroll: true });
  message.scrollIntoView({ block: "nearest" });
}
function last() {
  const bottom = scroller()?.getBoundingClientRect().bottom;
  take(shown().findLast((one) => one.getBoundingClientRect().top < bottom));
}
function step(by) {
  const all = shown();
  const next = all[all.indexOf(current()) + by];
  if (next) take(next);
  else scroller().scrollBy({ top: by * scroller().clientHeight }); // scrolling loads older ones
}
const press = (selector) => current()?.querySelector(selector)?.click();

Object.assign(shortcuts, { m: last, q: () => press("[data-reply]"), e: () => press("[data-react]") });
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (!target.closest?.("[data-message]") || target.closest("input, select, textarea")) return;
  if (key === "ArrowUp" || key === "ArrowDown") step(key === "ArrowUp" ? -1 : 1);
  else if (key === "Enter" && target === current()) press(".message__more");
  else return;
  event.preventDefault();
});
