// What scripts share: posting to the inbox, whose answers are what changed, one after another and never twice.
import { gettext, interpolate } from "../i18n.js";
import { emit } from "./events.js";

const app = document.querySelector(".app");
let last = Promise.resolve();

/** What the page shows, for an answer that says what changed since. */
export function pageQuery() {
  const words = new URLSearchParams({ since: app.dataset.cursor });
  const page = new URLSearchParams(location.search);
  for (const name of ["filter", "number", "q"]) if (page.get(name)) words.set(name, page.get(name));
  const open = document.querySelector("#thread")?.dataset.conversation;
  if (open) words.set("open", open);
  return words;
}

/** The token of now: whoever signs in again in another tab gets another one than the page came with. */
const csrf = () => document.cookie.split("; ").find((one) => one.startsWith(`${app.dataset.csrf}=`))?.split("=")[1] ?? "";
/** What a request that changes something, or follows changes, says of this page: its token, and whose it is. */
export const headers = () => ({ "HX-Request": "true", "X-CSRFToken": csrf(), "X-Agent": app.dataset.agent });
const OLD = "csrfmiddlewaretoken"; // in forms; Django would believe it before the header

const PASSING = [429, 502, 503, 504]; // it will work later

/** Resolves to {ok, html, sentence, reason}; never rejects. Changes in the answer are put into the page. ``patience``:
    after so many milliseconds without an answer the connection counts as broken. */
export async function post(address, body, { keepalive = false, patience } = {}) {
  let response;
  let html = "";
  const asked = pageQuery();
  body.delete(OLD);
  try {
    const signal = patience ? AbortSignal.timeout(patience) : undefined;
    response = await fetch(`${address}?${asked}`, { method: "POST", body, headers: headers(), keepalive, signal });
    html = await response.text();
  } catch {
    emit("interrupted");
    return { ok: false, html: "", sentence: gettext("No connection. Your message is still here; send it again."), reason: "network" };
  }
  if (response.redirected || response.status === 403) {
    return { ok: false, html: "", sentence: gettext("You are signed out. Sign in in another tab, then send it again."), reason: "session" };
  }
  const page = response.headers.get("Content-Type")?.startsWith("text/html");
  if (!response.ok) {
    const known = response.status === 422 && !page;
    const sentence = known ? html : interpolate(gettext("Something went wrong (%(status)s). Nothing was lost; try again."), { status: response.status });
    return { ok: false, html: response.status === 422 && page ? html : "", sentence, reason: PASSING.includes(response.status) ? "passing" : (response.headers.get("Reason") ?? "") };
  }
  if (html.includes("data-changes")) emit("answer", { html, query: asked });
  return { ok: true, html };
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb === "get") return;
  detail.formData.delete(OLD);
  Object.assign(detail.headers, headers());
});

/** Runs what was begun first, first: a draft that is saved late cannot come back after it was sent. */
export function inOrder(act) {
  last = last.then(act, act);
  return last;
}

/** Not crypto.randomUUID: pages without https have none. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Elements from an answer of the server, which escaped what people wrote. */
export const elements = (html) => document.importNode(new DOMParser().parseFromString(html, "text/html").body, true);
