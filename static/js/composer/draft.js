// The draft: kept in this browser at once, and on the server a moment later.
import * as storage from "../page/browser-storage.js";
import { emit, on } from "../page/events.js";
import { elements, inOrder, post } from "../page/requests.js";
import { showInRow } from "./draft-in-row.js";

const PAUSE = 600; // milliseconds after the last key until the server gets it
const KNOWN = 20; // texts remembered that the server may have
let timer;
let unsaved; // the form that holds something the server does not have
const current = () => document.querySelector("[data-answer]");
const keyOf = (form) => `draft.${form.closest("[data-composer]").dataset.conversation}`;

/** Whether the server has everything that is written. */
export const idle = () => !unsaved && !(current() && storage.get(keyOf(current())));

/** What the form holds. `known` are texts that the server may have of it: any other text there came from elsewhere. */
export function copy(form, ...posted) {
  const { text, quoted, token } = form.elements;
  const known = [...new Set([...(storage.get(keyOf(form))?.known ?? []), text.defaultValue, ...posted])].slice(-KNOWN);
  const captions = [...form.querySelectorAll("[data-caption]")].map((field) => [field.name, field.value]);
  const quote = quoted.value ? form.querySelector("[data-quote]").outerHTML : "";
  return { text: text.value, quoted: quoted.value, quote, token: token.value, captions, known };
}

/** Show a copy of a draft in the form. */
export function put(form, { text, quoted, quote, token, captions }) {
  clearTimeout(timer);
  unsaved = undefined;
  form.elements.quoted.value = quoted;
  form.elements.token.value = token;
  const line = form.querySelector("[data-quote]");
  if (quote) line.replaceWith(elements(quote).firstElementChild);
  else line.hidden = true;
  for (const [field, value] of captions) if (form.elements[field]) form.elements[field].value = value;
  if (form.elements.text.value !== text) form.elements.text.value = text;
  form.elements.text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
  showInRow(form);
}

/** Save on the server what is not saved. `keepalive`: the page may be gone before the answer comes. */
export function save(keepalive = false) {
  clearTimeout(timer);
  const form = unsaved;
  timer = unsaved = undefined;
  if (!form) return Promise.resolve();
  const [body, kept] = [new FormData(form), copy(form, form.elements.text.value)];
  body.delete("files");
  storage.set(keyOf(form), kept);
  const send = async () => {
    const answer = await post(form.dataset.draft, body, { keepalive });
    if (!answer.ok) unsaved ??= form;
    if (!answer.ok || unsaved) return;
    form.elements.text.defaultValue = kept.text;
    storage.remove(keyOf(form));
  };
  return keepalive ? send() : inOrder(send);
}

function changed(form) {
  showInRow(form);
  unsaved = form;
  storage.set(keyOf(form), copy(form));
  emit("written", form);
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

/** Show what the server does not have yet, from before the page was loaded, together with what it got from elsewhere. */
export function restore() {
  const form = current();
  const kept = form && storage.get(keyOf(form));
  if (!kept) return;
  const theirs = form.elements.text.value;
  const known = [...kept.known, kept.text].some((text) => text.trim() === theirs.trim());
  put(form, known ? kept : { ...kept, text: [kept.text, theirs].filter(Boolean).join("\n") });
  changed(form);
}

on("input", ({ target }) => {
  const form = target.closest("[data-answer]");
  if (form && !target.matches("[data-files]")) changed(form);
});
on("inbox:draft", () => current() && changed(current()));
on("inbox:ready", () => current() && showInRow(current()));
// What is sent is no draft any more. Until it has arrived, the server may still take it for one.
on("inbox:sending", ({ detail }) => {
  clearTimeout(timer);
  unsaved = undefined;
  const form = current();
  showInRow(form);
  storage.set(keyOf(form), copy(form, detail.text));
  emit("written", form);
});
on("inbox:landed", ({ detail }) => {
  const key = `draft.${detail.conversation}`;
  const kept = storage.get(key);
  if (kept && !kept.text && !kept.quoted && !unsaved) storage.remove(key);
  const form = current();
  const text = form && keyOf(form) === key && form.elements.text;
  if (text && text.defaultValue.trim() === detail.text) text.defaultValue = "";
});
on("inbox:flush", ({ detail }) => save().then(detail));
on("inbox:changes", () => unsaved && !timer && save());
