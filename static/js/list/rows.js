// Updates the list: replaces changed rows, adds new ones, and removes those that the filter excludes.
import { emit, on } from "../page/events.js";
import { isAbove, isUnsettled, list, move, newer, rowInUse, settle } from "./order.js";

function update(fresh) {
  const old = document.getElementById(fresh.id);
  if (old && old.dataset.changed === fresh.dataset.changed && old.dataset.place === fresh.dataset.place) return;
  const isNews = !old || old.dataset.place !== fresh.dataset.place;
  const row = old ?? fresh;
  if (old) {
    // The element stays, and with it the focus, the pointer and its place.
    for (const { name, value } of fresh.attributes) if (name !== "aria-current") old.setAttribute(name, value);
    old.replaceChildren(...fresh.childNodes);
  } else htmx.process(row);
  move(row);
  if (isNews && row.isConnected && isAbove(row)) emit("above", row.id);
}

/** Remove rows that the filter leaves out by now, but for the open conversation's and the one in use. */
function clear() {
  const open = document.querySelector("#thread")?.dataset.conversation;
  for (const row of list().querySelectorAll(".conversation-row[data-gone]")) {
    if (row.dataset.row !== open && row !== rowInUse()) row.remove();
  }
}

on("inbox:changes", ({ detail }) => {
  if (!list()) return;
  const gone = detail.dataset.gone.split(" ");
  const fresh = [...detail.querySelectorAll("[data-rows] > .conversation-row")];
  for (const row of fresh.sort((a, b) => (newer(a, b) ? 1 : -1))) {
    const existing = document.getElementById(row.id);
    // The open conversation comes also when the filter leaves it out: its row is replaced where it stands.
    if (existing || !gone.includes(row.dataset.row)) update(row);
    existing?.toggleAttribute("data-gone", gone.includes(row.dataset.row));
  }
  for (const id of gone) document.getElementById(`conversation-${id}-row`)?.setAttribute("data-gone", "");
  clear();
  if (list().querySelector(".conversation-row")) list().querySelector("[data-empty]")?.remove();
  emit("list");
});

/** The pointer or the focus left: what waited for that can move. */
function left({ type, relatedTarget }) {
  if (!list() || !(isUnsettled() || list().querySelector("[data-gone]"))) return;
  if (type === "focusout" && list().contains(relatedTarget)) return;
  requestAnimationFrame(() => {
    if (rowInUse()) return;
    clear();
    settle();
  });
}
on("htmx:afterSettle", () => list() && clear());
on("mouseout", (event) => event.target.closest?.(".list__rows") && left(event));
on("focusout", left);
