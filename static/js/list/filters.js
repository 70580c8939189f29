// Filters, numbers and the search for people change the list in place. The open thread stays open.
import { readAt, retryWhenConnected } from "../live/cursor.js";
import { emit } from "../page/events.js";
import * as pageHistory from "../page/history.js";
import { elements } from "../page/requests.js";

const PAUSE = 250; // milliseconds after the last key until people are searched
const LINKS = ".list__header a, .people__clear, .filters a, .list__rows [data-empty] a";
const PARTS = [".list__header", ".people__clear", ".filters", ".list__rows"];
const list = document.querySelector("#list");
const field = list.querySelector("[data-people]");
let timer;
let request;

/** The address of the open conversation with another filter of the list. */
function address(words) {
  const open = document.querySelector("#thread")?.dataset.conversation;
  const query = words.toString();
  return (open ? `/conversations/${open}/` : "/") + (query && `?${query}`);
}

// The current filter may be scrolled out of a narrow list.
const reveal = () => list.querySelector(".filters [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

function put(fresh) {
  const from = PARTS.find((part) => list.querySelector(part).contains(document.activeElement));
  for (const part of PARTS) {
    const [old, made] = [list, fresh].map((one) => one.querySelector(part));
    old.replaceWith(made);
    htmx.process(made);
  }
  reveal();
  // The focused link was replaced or is gone.
  const next = { ".list__header": ".list__header summary", ".people__clear": "[data-people]", ".list__rows": "[data-people]" };
  if (from) list.querySelector(next[from] ?? ".filters [aria-current]").focus();
  emit("list");
  emit("settled");
}

/** Show the list for a filter. `again`: replace the current address, as the next typed letter does; `back`: the address
 * is set already. */
async function narrow(words, { again = false, back = false } = {}) {
  clearTimeout(timer);
  request?.abort();
  const mine = (request = new AbortController());
  const query = words.toString();
  list.ariaBusy = "true";
  try {
    const headers = { "HX-Request": "true", "HX-Target": "list" };
    const response = await fetch(query ? `/?${query}` : "/", { headers, signal: mine.signal });
    if (!response.ok || response.redirected) return location.assign(address(words));
    const fresh = elements(await response.text());
    if (!back) pageHistory.push(address(words), {}, { again });
    put(fresh);
    readAt(response.headers.get("Cursor"));
  } catch (error) {
    if (error.name === "AbortError") return;
    retryWhenConnected(list, () => narrow(words, { again, back }));
  }
  if (mine === request) list.ariaBusy = "false";
}

async function search() {
  const now = new URLSearchParams(location.search);
  const words = new URLSearchParams();
  for (const name of ["filter", "number"]) if (now.get(name)) words.set(name, now.get(name));
  const sought = field.value.trim();
  if (sought) words.set("q", sought);
  if (sought !== (now.get("q") ?? "")) await narrow(words, { again: now.has("q") });
}

list.addEventListener("click", (event) => {
  const link = event.target.closest(LINKS);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const words = new URL(link.href).searchParams;
  field.value = words.get("q") ?? "";
  narrow(words);
});
document.addEventListener("inbox:words", ({ detail }) => {
  field.value = detail.get("q") ?? "";
  narrow(detail, { back: true });
});
// Enter searches at once, and moves to the first result.
field.form.addEventListener("submit", async (event) => {
  event.preventDefault();
  await search();
  if (document.activeElement === field) list.querySelector(".conversation-row")?.focus();
});
field.addEventListener("input", (event) => {
  clearTimeout(timer);
  if (!event.isComposing) timer = setTimeout(search, PAUSE);
});
field.addEventListener("compositionend", search);
reveal();
