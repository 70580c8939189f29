// The outbox: messages are kept in this browser until the server has them, and sent in order.
import { gettext } from "../i18n.js";
import { emit } from "../page/events.js";
import * as storage from "../page/browser-storage.js";
import { inOrder, post } from "../page/requests.js";

const RETRY = 5_000; // milliseconds until the next attempt
const PATIENCE = 30_000; // milliseconds that an answer may take; a repeated request does not send twice
const STALE = 60 * 60 * 1000; // milliseconds; after that the agent decides whether to send it
const name = ({ at, token }) => `leaving.${at}.${token}`;
export const all = () => storage.names("leaving.").map(storage.get).filter(Boolean);
let running = false;
let timer;

export function change(entry, values) {
  storage.set(name(entry), Object.assign(entry, values));
  hide();
  emit("leaving");
}

export function remove(entry) {
  storage.remove(name(entry));
  emit("leaving");
}

/** Send one entry. Resolves to whether the next may be sent. */
async function send(entry) {
  if (entry.waits && Date.now() - entry.at > STALE && !entry.again) {
    change(entry, { problem: gettext("This waited more than an hour for a connection. Send it again if it still fits."), reason: "stale" });
    return true;
  }
  const body = new FormData();
  for (const [field, value] of entry.fields) body.append(field, value);
  const answer = await inOrder(() => post(entry.address, body, { patience: PATIENCE }));
  if (answer.ok) {
    emit("landed", entry);
    remove(entry);
  } else if (["network", "passing"].includes(answer.reason)) {
    change(entry, { waits: true });
    return false;
  } else if (entry.dialog && answer.html) {
    change(entry, { problem: gettext("Some fields need a correction."), reason: "fields", dialog: answer.html });
    emit("edit-dialog", entry);
  } else {
    change(entry, { problem: answer.sentence, reason: answer.reason });
    if (answer.reason === "window_closed") emit("window-closed");
  }
  return true;
}

async function run() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  const next = () => {
    const held = new Set(); // conversations whose earlier message waits for its files
    return all().find(({ conversation, files, problem }) => {
      if (files) held.add(conversation);
      return !problem && !held.has(conversation);
    });
  };
  let on = true;
  for (let entry = next(); on && entry; entry = next()) on = await send(entry);
  running = false;
  if (!on) timer = setTimeout(run, RETRY);
}
/** Send in one tab at a time, where the browser has locks. Without, the server recognises repeats. */
const alone = () => (navigator.locks ? navigator.locks.request("inbox.leaving", run) : run());

export function add(entry) {
  change(entry, {});
  alone();
}

export function again(entry) {
  change(entry, { problem: "", reason: "", waits: false, again: true });
  alone();
}

/** Remove files of the outbox from the tray: the server keeps them there until they are sent. */
export function hide(scope = document) {
  const uploads = new Set(all().flatMap((entry) => entry.uploads));
  for (const card of scope.querySelectorAll("[data-tray] > [data-card]")) if (uploads.has(card.dataset.card)) card.remove();
  const tray = scope.querySelector("[data-tray]");
  if (tray) tray.hidden = !tray.children.length;
}

document.addEventListener("inbox:composer", () => hide());
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && hide());
hide();
const waiting = () => all().some((entry) => !entry.problem) && alone();
window.addEventListener("online", waiting);
window.addEventListener("offline", () => emit("leaving"));
document.addEventListener("inbox:changes", waiting);
window.addEventListener("storage", ({ key }) => key?.includes(".leaving.") && emit("leaving"));
// The agent has signed in again.
for (const entry of all()) if (entry.reason === "session") change(entry, { problem: "", reason: "" });
waiting();
