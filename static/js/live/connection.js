// The stream of live updates. Polls while it is down, and shows a banner when the connection is lost.
import { emit, on } from "../page/events.js";
import { pull } from "./changes.js";

const banner = document.querySelector("[data-offline]");
const POLL = 10_000; // milliseconds, while the stream is down
const PATIENCE = 3_000; // milliseconds; a stream that comes back sooner is not worth a banner
const today = new Date().toDateString();
let broken = false;
let stream;
let bannerTimer;
let polling;

function interrupted() {
  broken = true;
  bannerTimer ??= setTimeout(() => (banner.hidden = false), PATIENCE);
  polling ??= setInterval(() => {
    pull();
    if (stream.readyState === EventSource.CLOSED) connect();
  }, POLL);
}

function calm() {
  clearTimeout(bannerTimer);
  clearInterval(polling);
  bannerTimer = polling = undefined;
  banner.hidden = true;
}

function connect() {
  stream?.close();
  stream = new EventSource("/live/");
  stream.addEventListener("open", () => {
    broken = true; // what failed just before may not have said so
    calm();
    pull();
  });
  stream.addEventListener("change", pull);
  stream.addEventListener("error", interrupted);
}

on("inbox:interrupted", interrupted);
on("inbox:pulled", () => {
  // An answer that was on its way when the network went says nothing of now.
  if (stream.readyState === EventSource.OPEN && navigator.onLine) calm();
  if (broken) emit("connected");
  broken = false;
});
on("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  // "Today" and "Yesterday" were written on another day.
  if (new Date().toDateString() !== today) location.reload();
  else pull();
});
window.addEventListener("online", connect);
// A stream whose network is gone hears nothing of it for minutes.
window.addEventListener("offline", interrupted);
window.addEventListener("pagehide", () => stream.close());
window.addEventListener("pageshow", (event) => event.persisted && connect());
document.querySelector("[data-retry]").addEventListener("click", () => {
  connect();
  pull();
});
connect();
