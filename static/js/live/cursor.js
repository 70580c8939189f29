// The page's position in the sequence of changes, and what to retry once the connection is back.
import { emit } from "../page/events.js";

const app = document.querySelector(".app");
/** A cursor is PostgreSQL's snapshot, "xmin:xmax:xids in progress". Later ones have larger ends, or fewer in progress. */
const parts = (cursor) => cursor.split(":").map((part, at) => (at < 2 ? Number(part) : -part.split(",").filter(Boolean).length));

function older(one, other) {
  const [a, b] = [parts(one), parts(other)];
  const at = [1, 0, 2].find((part) => a[part] !== b[part]);
  return at !== undefined && a[at] < b[at];
}

/** Take in a fragment that was read at this cursor. If it is older than the page, the changes since then are fetched. */
export function readAt(cursor) {
  if (!cursor || !older(cursor, app.dataset.cursor)) return;
  app.dataset.cursor = cursor;
  emit("pull");
}

/** Advance over changes from one cursor to another. False when an older fragment arrived meanwhile: fetch again. */
export function advance(since, cursor) {
  if (since && older(app.dataset.cursor, since)) return false;
  app.dataset.cursor = cursor;
  return true;
}

document.addEventListener("htmx:afterSettle", ({ detail }) => readAt(detail.xhr?.getResponseHeader("Cursor")));

/** Requests that failed, by key. They are repeated once the connection is back. */
const missed = new Map();
document.addEventListener("inbox:connected", () => {
  const acts = [...missed.values()];
  missed.clear();
  for (const act of acts) act();
});
// Requests of htmx that failed, such as more rows or a search, if their element is still there.
document.addEventListener("htmx:sendError", ({ detail }) => {
  const { elt, requestConfig } = detail;
  if (requestConfig.verb !== "get" || detail.target.id === "conversation") return;
  missed.set(elt, () => elt.isConnected && (elt.matches("form") ? elt.requestSubmit() : elt.click()));
});

export function retryWhenConnected(key, act) {
  missed.set(key, act);
  emit("interrupted");
}
