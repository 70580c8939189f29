// The order of the list: a changed row moves to its place, but never the row under the pointer or the focus.
import { emit } from "../page/events.js";

const ROOM = 80; // pixels below the list's window, with which it can scroll to keep a row in place
/** Ids of rows that move once nobody points at the list. */
const waiting = new Set();
let owed = 0; // pixels that the list was scrolled to keep a row in place
const position = (row) => row.dataset.place.split(",").map(Number);

export const list = () => document.querySelector(".list__rows");

/** Whether a row belongs above another. */
export function newer(row, other) {
  const [at, id] = position(row);
  const [otherAt, otherId] = position(other);
  return at > otherAt || (at === otherAt && id > otherId);
}

/** The row that must not move now, or null. */
export const rowInUse = () =>
  list().querySelector(".conversation-row:focus-visible") ||
  (matchMedia("(hover: hover)").matches && list().querySelector(".conversation-row:hover")) ||
  null;

/** The row that a row belongs before; undefined for the end of what is loaded. */
const successor = (row) => [...list().querySelectorAll(":scope > .conversation-row")].find((other) => other !== row && newer(row, other));

/** Move a row to its place, or remember to. */
export function move(row) {
  if (row.closest("[data-pinned]")) return;
  const next = successor(row);
  const more = list().querySelector(".list__more");
  // Older than everything loaded, and there is more to load: it comes with its page.
  if (!next && more) return void row.remove();
  if (next ? row.nextElementSibling === next : row === [...list().querySelectorAll(":scope > .conversation-row")].at(-1)) return;
  const inUse = rowInUse();
  const room = list().scrollHeight - list().clientHeight - list().scrollTop;
  if (inUse && (inUse === row || room < ROOM)) {
    if (!row.isConnected) list().append(row);
    return void waiting.add(row.id);
  }
  const before = inUse?.getBoundingClientRect().top;
  const focused = row.contains(document.activeElement);
  list().insertBefore(row, next ?? more);
  if (focused) row.focus({ preventScroll: true });
  if (!inUse) return;
  const shift = inUse.getBoundingClientRect().top - before;
  if (list().scrollTop <= owed) owed += shift;
  list().scrollTop += shift;
}

/** Whether a row is out of sight above the list's window, or will be. */
export function isAbove(row) {
  // The list begins below its border, and rows end at fractions of a pixel.
  return row.getBoundingClientRect().bottom <= list().getBoundingClientRect().top + 2 || waiting.has(row.id);
}

/** Whether something waits until nobody points at the list. */
export const isUnsettled = () => waiting.size > 0 || owed !== 0;

/** Move what waits. */
export function settle() {
  for (const id of waiting) if (document.getElementById(id)) move(document.getElementById(id));
  waiting.clear();
  if (list().scrollTop <= owed) list().scrollTop = 0;
  owed = 0;
  emit("settled");
}
