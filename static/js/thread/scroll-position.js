// Keeps the reader's place while messages are added or removed around it.
import { container, partsOf, scroller } from "./messages.js";

const EDGE = 40; // pixels from the end that count as the end
/** {element, id, top}: the message at the upper edge, and its distance from it. */
let reading;
let end = true;
export const atEnd = () => end;
export const readingAt = () => reading;

/** The first element of a column that reaches below a line. */
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
  // Without height it is behind another pane, and keeps its position.
  if (!scroll?.clientHeight) return;
  end = scroll.scrollTop > -EDGE && !container().querySelector("[data-newer]");
  const line = scroll.getBoundingClientRect().top;
  let element = firstUnder([...container().querySelectorAll(":scope > .day")], line);
  element = element && (firstUnder(partsOf(element), line) ?? element);
  element = element && (firstUnder([...element.querySelectorAll(":scope > [data-message], :scope > .album")], line) ?? element);
  reading = element && { element, id: element.id || element.firstElementChild?.id, top: element.getBoundingClientRect().top - line };
}

/** Restore the reader's place after the page changed, before the next frame is drawn. */
export function keep() {
  const scroll = scroller();
  if (!scroll?.clientHeight || !reading) return;
  const element = reading.element.isConnected ? reading.element : reading.id && document.getElementById(reading.id);
  if (end || !element) return note();
  const shift = element.getBoundingClientRect().top - scroll.getBoundingClientRect().top - reading.top;
  if (Math.abs(shift) >= 1) scroll.scrollTop += shift;
  // Keep the noted distance: rounding errors of each change would add up.
  reading.element = element;
}

export function toEnd() {
  scroller().scrollTop = 0;
  note();
}

/** Scroll to an element: to the middle, or to an exact distance from the upper edge. */
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
