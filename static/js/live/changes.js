// Fetches what changed since the page's cursor, and announces it to the modules that show it.
import { emit, on } from "../page/events.js";
import { elements, headers, pageQuery } from "../page/requests.js";
import { advance } from "./cursor.js";

const app = document.querySelector(".app");
const RELOAD_PAUSE = 10_000; // milliseconds
let pulling = false;
let again = false;

/** Reload the page, unless that was done just now: a server that answers pages but no changes would never rest. */
function reload() {
  if (Date.now() - Number(sessionStorage.getItem("reloaded")) < RELOAD_PAUSE) return emit("interrupted");
  sessionStorage.setItem("reloaded", Date.now());
  return location.reload();
}

/** Show an answer that says what changed. `query` is what was asked: it says nothing of a conversation that was opened
 * since then, so the page asks again from where it stood. */
function apply(html, query) {
  const fresh = elements(html).querySelector("[data-changes]");
  // Reloading helps only a page that was loaded before the changes that are too many.
  if ("reload" in fresh.dataset && app.dataset.cursor !== fresh.dataset.cursor) return reload();
  const otherConversation = query.get("open") !== pageQuery().get("open");
  if (otherConversation || !advance(fresh.dataset.since, fresh.dataset.cursor)) pull();
  const [shown, banners] = [document, fresh].map((page) => page.querySelector("[data-banners]"));
  if (shown.innerHTML !== banners.innerHTML) shown.replaceWith(banners);
  return emit("changes", fresh);
}

async function fetchChanges() {
  const query = pageQuery();
  const list = location.search;
  const response = await fetch(`/changes/?${query}`, { headers: headers() });
  // The list was filtered meanwhile: these are not its rows.
  if (list !== location.search) return void (again = true);
  const signedOut = response.redirected || response.status === 403; // or somebody else signed in
  if (signedOut) emit("signed-out");
  if (signedOut || response.status === 404) return reload();
  if (!response.ok) throw new Error(response.status);
  apply(await response.text(), query);
  return emit("pulled");
}

/** Fetch the changes; when that is being done already, once more after it. */
export async function pull() {
  if (pulling) return void (again = true);
  pulling = true;
  again = false;
  try {
    await fetchChanges();
  } catch {
    emit("interrupted");
  } finally {
    pulling = false;
    if (again) pull();
  }
}

on("inbox:answer", ({ detail: { html, query } }) => apply(html, query));
on("inbox:pull", pull);
