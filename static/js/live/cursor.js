// What the page has seen of all changes: the cursor that the next question starts from, and what to do once there is a connection again.
import { emit } from "../page/events.js";

const app = document.querySelector(".app");
/** A cursor is PostgreSQL's snapshot, "xmin:xmax:xids in progress": later ones have larger ends, or fewer in progress. */
const parts = (cursor) => cursor.split(":").map((part, at) => (at < 2 ? Number(part) : -part.split(",").filter(Boolean).length));

function older(one, other) {
  const [a, b] = [parts(one), parts(other)];
  const at = [1, 0, 2].find((part) => a[part] !== b[part]);
  return at !== undefined && a[at] < b[at];
}

/** A fragment came that was read at this cursor. Changes that the page followed since then are missing in it. */
export function readAt(cursor) {
  if (!cursor || !older(cursor, app.dataset.cursor)) return;
  app.dataset.cursor = cursor;
  emit("pull");
}

/** Changes since one cursor, up to another. False when a fragment that is older still came meanwhile: ask again. */
export function advance(since, cursor) {
  if (since && older(app.dataset.cursor, since)) return false;
  app.dataset.cursor = cursor;
  return true;
}

document.addEventListener("htmx:afterSettle", ({ detail }) => readAt(detail.xhr?.getResponseHeader("Cursor")));

/** What did not load, by what it was for: it is tried again once the connection is back. */
const missed = new Map();
document.addEventListener("inbox:connected", () => {
  const acts = [...missed.values()];
  missed.clear();
  for (const act of acts) act();
});
// Further rows, finds and searches: whatever htmx could not fetch into the page and is still there.
document.addEventListener("htmx:sendError", ({ detail }) => {
  const { elt, requestConfig } = detail;
  if (requestConfig.verb !== "get" || detail.target.id === "conversation") return;
  missed.set(elt, () => elt.isConnected && (elt.matches("form") ? elt.requestSubmit() : elt.click()));
});

export function retryWhenConnected(key, act) {
  missed.set(key, act);
  emit("interrupted");
}
