// Requests to the server, with the page's token. Posts are answered with what changed.
import { gettext, interpolate } from "../i18n.js";
import { emit } from "./events.js";

const app = document.querySelector(".app");
let last = Promise.resolve();

/** The query for changes: the cursor, the list's filter and the open conversation. */
export function pageQuery() {
  const words = new URLSearchParams({ since: app.dataset.cursor });
  const page = new URLSearchParams(location.search);
  for (const name of ["filter", "number", "q"]) if (page.get(name)) words.set(name, page.get(name));
  const open = document.querySelector("#thread")?.dataset.conversation;
  if (open) words.set("open", open);
  return words;
}

/** The current token: signing in again in another tab replaces the one that the page came with. */
const csrf = () => document.cookie.split("; ").find((one) => one.startsWith(`${app.dataset.csrf}=`))?.split("=")[1] ?? "";
/** Headers of requests: the token, and the agent that the page belongs to. */
export const headers = () => ({ "HX-Request": "true", "X-CSRFToken": csrf(), "X-Agent": app.dataset.agent });
const OLD = "csrfmiddlewaretoken"; // in forms, from when the page was loaded; Django prefers it to the header

const TEMPORARY = [429, 502, 503, 504]; // worth a retry

/** Post to the server. Never rejects; resolves to {ok, html, sentence, reason}. Changes in the answer are announced.
 * `patience`: milliseconds without an answer after which the connection counts as lost. */
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
    return { ok: false, html: response.status === 422 && page ? html : "", sentence, reason: TEMPORARY.includes(response.status) ? "passing" : (response.headers.get("Reason") ?? "") };
  }
  if (html.includes("data-changes")) emit("answer", { html, query: asked });
  return { ok: true, html };
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb === "get") return;
  detail.formData.delete(OLD);
  Object.assign(detail.headers, headers());
});

/** Run requests one after another, so that a draft saved late does not come back after it was sent. */
export function inOrder(act) {
  last = last.then(act, act);
  return last;
}

/** A random UUID. crypto.randomUUID is missing on pages without https. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Parse HTML of the server, which escapes what people write. Returns a body element. */
export const elements = (html) => document.importNode(new DOMParser().parseFromString(html, "text/html").body, true);
