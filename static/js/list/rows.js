// The list of conversations: puts changed rows in their place, and never moves the row under the pointer or focus.
import { emit } from "../page/events.js";

const rows = () => document.querySelector(".list__rows");
const place = (row) => row.dataset.place.split(",").map(Number);
const newer = (a, b) => {
  const [at, id] = place(a);
  const [otherAt, otherId] = place(b);
  return at > otherAt || (at === otherAt && id > otherId);
};
/** Rows that should move once nobody points at the list, and how far it was scrolled to keep a row in place. */
const waiting = new Set();
let owed = 0;

const held = (list) =>
  list.querySelector(".conversation-row:focus-visible") ||
  (matchMedia("(hover: hover)").matches && list.querySelector(".conversation-row:hover")) ||
  null;

/** Where a row belongs: the first row that is older, or null for the end of what is loaded. */
function successor(list, row) {
  for (const other of list.querySelectorAll(":scope > .conversation-row")) if (other !== row && newer(row, other)) return other;
  return null;
}

/** News of a row that is out of sight, or will be: the reader hears of it and nothing moves. */
function tell(list, row) {
  // The list begins below its border, and rows end at fractions of a pixel.
  if (row.getBoundingClientRect().bottom <= list.getBoundingClientRect().top + 2 || waiting.has(row.id)) {
    emit("above", row.id);
  }
}

function move(list, row) {
  // What is pinned stays where it is.
  if (row.closest("[data-pinned]")) return;
  const next = successor(list, row);
  const more = list.querySelector(".list__more");
  // Older than everything loaded, and there is more to load: it comes with its page.
  if (!next && more) return void row.remove();
  if (next ? row.nextElementSibling === next : row === [...list.querySelectorAll(":scope > .conversation-row")].at(-1)) return;
  const anchor = held(list);
  const room = list.scrollHeight - list.clientHeight - list.scrollTop;
  if (anchor && (anchor === row || room < 80)) {
    if (!row.isConnected) list.append(row);
    return void waiting.add(row.id);
  }
  const before = anchor?.getBoundingClientRect().top;
  const focused = row.contains(document.activeElement);
  list.insertBefore(row, next ?? more);
  if (focused) row.focus({ preventScroll: true });
  if (!anchor) return;
  const shift = anchor.getBoundingClientRect().top - before;
  if (list.scrollTop <= owed) owed += shift;
  list.scrollTop += shift;
}

function update(list, fresh) {
  const old = document.getElementById(fresh.id);
  if (old && old.dataset.changed === fresh.dataset.changed && old.dataset.place === fresh.dataset.place) return;
  const news = !old || old.dataset.place !== fresh.dataset.place;
  let row = fresh;
  if (old) {
    // Same element, new content: focus, pointer and position stay.
    for (const { name, value } of fresh.attributes) if (name !== "aria-current") old.setAttribute(name, value);
    old.replaceChildren(...fresh.childNodes);
    row = old;
  } else {
    htmx.process(row);
  }
  move(list, row);
  if (news && row.isConnected) tell(list, row);
}

/** Rows that the filter has no place for any more go, but for the open conversation's and the one in hand. */
function clear(list) {
  const open = document.querySelector("#thread")?.dataset.conversation;
  for (const row of list.querySelectorAll(".conversation-row[data-gone]")) {
    if (row.dataset.row !== open && row !== held(list)) row.remove();
  }
}

document.addEventListener("inbox:changes", ({ detail }) => {
  const list = rows();
  if (!list) return;
  const gone = detail.dataset.gone.split(" ");
  const fresh = [...detail.querySelectorAll("[data-rows] > .conversation-row")];
  for (const row of fresh.sort((a, b) => (newer(a, b) ? 1 : -1))) {
    const here = document.getElementById(row.id);
    // The open conversation comes also when the filter has no place for it: its row is drawn again where it stands.
    if (here || !gone.includes(row.dataset.row)) update(list, row);
    here?.toggleAttribute("data-gone", gone.includes(row.dataset.row));
  }
  for (const id of gone) document.getElementById(`conversation-${id}-row`)?.setAttribute("data-gone", "");
  clear(list);
  if (list.querySelector(".conversation-row")) list.querySelector("[data-empty]")?.remove();
  emit("list");
});

function settle(event) {
  const list = rows();
  if (!list || !(waiting.size || owed || list.querySelector("[data-gone]")) || (event.type === "focusout" && list.contains(event.relatedTarget))) return;
  requestAnimationFrame(() => {
    if (held(list)) return;
    clear(list);
    for (const id of waiting) if (document.getElementById(id)) move(list, document.getElementById(id));
    waiting.clear();
    if (list.scrollTop <= owed) list.scrollTop = 0;
    owed = 0;
    emit("settled");
  });
}
document.addEventListener("htmx:afterSettle", () => rows() && clear(rows()));
document.addEventListener("mouseout", (event) => event.target.closest?.(".list__rows") && settle(event));
document.addEventListener("focusout", settle);
