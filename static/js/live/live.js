// Keeps the page true: a poke from the server, a reconnection or a look at the page fetches what changed since.
import { advance } from "./cursor.js";
import { emit } from "../page/events.js";
import { elements, headers, pageQuery } from "../page/requests.js";

const app = document.querySelector(".app");
const banner = document.querySelector("[data-offline]");
const POLL = 10_000; // while the stream is down
const PATIENCE = 3_000; // a stream that comes back sooner is not worth a banner
const day = new Date().toDateString();
let pulling = false;
let again = false;
let broken = false;
let stream;
let late;
let polling;

/** Read the page again, unless that was done just now: a server that answers pages and no changes would never rest. */
function reload() {
  if (Date.now() - Number(sessionStorage.getItem("reloaded")) < POLL) return interrupted();
  sessionStorage.setItem("reloaded", Date.now());
  location.reload();
}

/** Put an answer that says what changed into the page. ``query`` is what was asked: of a conversation that was opened
    since then the answer says nothing, so the page asks again since where it stood. */
function apply(html, query) {
  const fresh = elements(html).querySelector("[data-changes]");
  // Reading the page again helps only if it was read before the changes that are too many.
  if ("reload" in fresh.dataset && app.dataset.cursor !== fresh.dataset.cursor) return reload();
  const other = query.get("open") !== pageQuery().get("open");
  if (other || !advance(fresh.dataset.since, fresh.dataset.cursor)) pull();
  const [shown, banners] = [document, fresh].map((page) => page.querySelector("[data-banners]"));
  if (shown.innerHTML !== banners.innerHTML) shown.replaceWith(banners);
  emit("changes", fresh);
}

async function pull() {
  if (pulling) return void (again = true);
  pulling = true;
  again = false;
  const asked = location.search;
  try {
    const query = pageQuery();
    const response = await fetch(`/changes/?${query}`, { headers: headers() });
    // The list is another now: these are not its rows.
    if (asked !== location.search) return void (again = true);
    const signedOut = response.redirected || response.status === 403; // or somebody else signed in
    if (signedOut) emit("signed-out");
    if (signedOut || response.status === 404) return reload();
    if (!response.ok) throw new Error(response.status);
    apply(await response.text(), query);
    // An answer that was on its way when the network went says nothing of now.
    if (stream.readyState === EventSource.OPEN && navigator.onLine) calm();
    if (broken) emit("connected");
    broken = false;
  } catch {
    interrupted();
  } finally {
    pulling = false;
    if (again) pull();
  }
}

function interrupted() {
  broken = true;
  late ??= setTimeout(() => {
    banner.hidden = false;
  }, PATIENCE);
  polling ??= setInterval(() => {
    pull();
    if (stream.readyState === EventSource.CLOSED) connect();
  }, POLL);
}

function calm() {
  clearTimeout(late);
  clearInterval(polling);
  late = polling = undefined;
  banner.hidden = true;
}

function connected() {
  broken = true; // what failed just before it broke may not have said so
  calm();
  pull();
}

function connect() {
  stream?.close();
  stream = new EventSource("/live/");
  stream.addEventListener("open", connected);
  stream.addEventListener("change", pull);
  stream.addEventListener("error", interrupted);
}

document.addEventListener("inbox:interrupted", interrupted);
document.addEventListener("inbox:answer", ({ detail: { html, query } }) => apply(html, query));
document.addEventListener("inbox:pull", pull);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  // "Today" and "Yesterday" were written on another day.
  if (new Date().toDateString() !== day) location.reload();
  else pull();
});
window.addEventListener("online", () => connect());
// A stream whose network is gone hears nothing of it for minutes.
window.addEventListener("offline", interrupted);
window.addEventListener("pagehide", () => stream.close());
window.addEventListener("pageshow", (event) => event.persisted && connect());
document.querySelector("[data-retry]").addEventListener("click", () => {
  connect();
  pull();
});
connect();
