// Keeps what one reads where it is while the thread around it grows or shrinks, and the end of the thread at its end.
import { container, partsOf, scroller } from "./messages.js";

const EDGE = 40; // pixels from the end that still are the end
/** {element, id, top}: what stands at the upper edge, and how far below it. */
let reading;
let end = true;
export const atEnd = () => end;
export const readingAt = () => reading;

/** The first of elements one below the other that reaches under a line. */
function firstUnder(elements, line) {
  let [low, high] = [0, elements.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (elements[middle].getBoundingClientRect().bottom > line) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}

function note() {
  const scroll = scroller();
  // Without height it is behind another pane, and keeps its place for later.
  if (!scroll?.clientHeight) return;
  end = scroll.scrollTop > -EDGE && !container().querySelector("[data-newer]");
  const line = scroll.getBoundingClientRect().top;
  let element = firstUnder([...container().querySelectorAll(":scope > .day")], line);
  element = element && (firstUnder(partsOf(element), line) ?? element);
  element = element && (firstUnder([...element.querySelectorAll(":scope > [data-message], :scope > .album")], line) ?? element);
  reading = element && { element, id: element.id || element.firstElementChild?.id, top: element.getBoundingClientRect().top - line };
}

/** Undo what a change of the page did to the place. Before the next frame is drawn, so that nobody sees it. */
export function keep() {
  const scroll = scroller();
  if (!scroll?.clientHeight || !reading) return;
  const element = reading.element.isConnected ? reading.element : reading.id && document.getElementById(reading.id);
  if (end || !element) return note();
  const shift = element.getBoundingClientRect().top - scroll.getBoundingClientRect().top - reading.top;
  if (Math.abs(shift) >= 1) scroll.scrollTop += shift;
  // The place as it was noted stays what counts: a fraction of a pixel at each change would add up.
  reading.element = element;
}

export function toEnd() {
  scroller().scrollTop = 0;
  note();
}

/** Show an element: as near to the middle as there is room, or at an exact distance from the upper edge. */
export function show(element, top) {
  if (top === undefined) element.scrollIntoView({ block: "center" });
  else scroller().scrollTop += element.getBoundingClientRect().top - scroller().getBoundingClientRect().top - top;
  note();
}

const observer = new ResizeObserver(keep);
function watch() {
  observer.disconnect();
  reading = undefined;
  if (!scroller()) return;
  note();
  observer.observe(scroller());
  observer.observe(container());
}

document.addEventListener("scroll", ({ target }) => target === scroller() && note(), true);
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && watch());
watch();
