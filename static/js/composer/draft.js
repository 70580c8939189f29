// Drafts: what is written is kept in this browser at once and on the server a moment later, and "typing…" is told to the customer.
import * as storage from "../page/browser-storage.js";
import { emit } from "../page/events.js";
import { elements, inOrder, post } from "../page/requests.js";

const PAUSE = 600; // after the last key
const TYPING = 20_000; // WhatsApp shows it for 25 seconds
let timer;
let dirty;
let typed = 0;
const current = () => document.querySelector("[data-answer]");
const name = (form) => `draft.${form.closest("[data-composer]").dataset.conversation}`;

/** What the form holds. ``known`` is what the server may have of it: other words there came from elsewhere. */
export function copy(form, ...posted) {
  const { text, quoted, token } = form.elements;
  const known = [...new Set([...(storage.get(name(form))?.known ?? []), text.defaultValue, ...posted])].slice(-20);
  const captions = [...form.querySelectorAll("[data-caption]")].map((field) => [field.name, field.value]);
  const quote = quoted.value ? form.querySelector("[data-quote]").outerHTML : "";
  return { text: text.value, quoted: quoted.value, quote, token: token.value, captions, known };
}

export const idle = () => !dirty && !(current() && storage.get(name(current())));

export function put(form, { text, quoted, quote, token, captions }) {
  clearTimeout(timer);
  dirty = undefined;
  form.elements.quoted.value = quoted;
  form.elements.token.value = token;
  const line = form.querySelector("[data-quote]");
  if (quote) line.replaceWith(elements(quote).firstElementChild);
  else line.hidden = true;
  for (const [field, value] of captions) if (form.elements[field]) form.elements[field].value = value;
  if (form.elements.text.value !== text) form.elements.text.value = text;
  form.elements.text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
  mark(form);
}

function save(keepalive = false) {
  clearTimeout(timer);
  const form = dirty;
  timer = dirty = undefined;
  if (!form) return Promise.resolve();
  const [body, kept] = [new FormData(form), copy(form, form.elements.text.value)];
  body.delete("files");
  storage.set(name(form), kept);
  const keep = async () => {
    const answer = await post(form.dataset.draft, body, { keepalive });
    if (!answer.ok) dirty ??= form;
    if (!answer.ok || dirty) return;
    form.elements.text.defaultValue = kept.text;
    storage.remove(name(form));
  };
  return keepalive ? keep() : inOrder(keep);
}

/** Say in the list what is not sent; inbox/web/queries/pins_and_drafts.py says the same when the page is read again. */
function mark(form) {
  const line = document.querySelector(`#conversation-${form.closest("[data-composer]").dataset.conversation}-row [data-row-draft]`);
  if (!line) return;
  const words = form.elements.text.value.trim().slice(0, 120) || (form.querySelector("[data-card]") ? "files" : "");
  line.lastElementChild.textContent = words;
  line.hidden = !words;
}

function changed(form) {
  mark(form);
  dirty = form;
  storage.set(name(form), copy(form));
  emit("written", form);
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

function typing(form) {
  if (Date.now() - typed < TYPING || !form.elements.text.value.trim()) return;
  typed = Date.now();
  post(form.dataset.typing, new FormData());
}

/** What the server does not have yet, from before the page was read again. What came to the server from elsewhere stays too. */
function takeBack() {
  const form = current();
  const kept = form && storage.get(name(form));
  if (!kept) return;
  const theirs = form.elements.text.value;
  const known = [...kept.known, kept.text].some((text) => text.trim() === theirs.trim());
  put(form, known ? kept : { ...kept, text: [kept.text, theirs].filter(Boolean).join("\n") });
  changed(form);
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest("[data-answer]");
  if (!form || target.matches("[data-files]")) return;
  changed(form);
  if (target.matches("[data-words]")) typing(form);
});
document.addEventListener("inbox:draft", () => current() && changed(current()));
document.addEventListener("inbox:ready", () => current() && mark(current()));
// What is sent is no draft any more; until it has left, the server may still take it for one.
document.addEventListener("inbox:sending", ({ detail }) => {
  clearTimeout(timer);
  dirty = undefined;
  typed = 0;
  const form = current();
  mark(form);
  storage.set(name(form), copy(form, detail.text));
  emit("written", form);
});
document.addEventListener("inbox:landed", ({ detail }) => {
  const kept = storage.get(`draft.${detail.conversation}`);
  if (kept && !kept.text && !kept.quoted && !dirty) storage.remove(`draft.${detail.conversation}`);
  const form = current();
  const text = form && name(form) === `draft.${detail.conversation}` && form.elements.text;
  if (text && text.defaultValue.trim() === detail.text) text.defaultValue = "";
});
document.addEventListener("inbox:flush", ({ detail }) => save().then(detail));
document.addEventListener("inbox:changes", () => dirty && !timer && save());
document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.target?.id === "conversation" && save());
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save(true));
window.addEventListener("pagehide", () => save(true));
for (const event of ["htmx:afterSettle", "inbox:composer"]) {
  document.addEventListener(event, ({ target }) => (event === "inbox:composer" || target.id === "conversation") && takeBack());
}
takeBack();
