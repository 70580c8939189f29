// Resizes the list by dragging its edge or with arrow keys. This browser remembers the width.
const KEY = "list-width";
const [LEAST, MOST, STEP] = [240, 560, 16]; // px
const edge = document.querySelector("[data-edge]");
const list = document.querySelector(".app__list");
const rtl = () => getComputedStyle(list).direction === "rtl";

function say() {
  edge.ariaValueNow = Math.round(list.getBoundingClientRect().width);
}
function set(width, keep = true) {
  const chosen = Math.round(Math.min(MOST, Math.max(LEAST, width)));
  document.querySelector(".app").style.setProperty("--list-width", `${chosen}px`);
  if (keep) localStorage.setItem(KEY, chosen);
  say();
}
function forget() {
  localStorage.removeItem(KEY);
  document.querySelector(".app").style.removeProperty("--list-width");
  say();
}

edge.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
  const width = list.getBoundingClientRect().width;
  if (step) set(width + (rtl() ? -step : step));
  else if (event.key === "Home") set(LEAST);
  else if (event.key === "End") set(MOST);
  else return;
  event.preventDefault();
});
edge.addEventListener("pointerdown", (event) => {
  edge.setPointerCapture(event.pointerId);
  event.preventDefault();
});
edge.addEventListener("pointermove", (event) => {
  if (!edge.hasPointerCapture(event.pointerId)) return;
  const box = list.getBoundingClientRect();
  set(rtl() ? box.right - event.clientX : event.clientX - box.left);
});
edge.addEventListener("dblclick", forget);
const kept = Number(localStorage.getItem(KEY));
if (kept) set(kept, false);
else say();
