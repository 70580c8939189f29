// Messages whose files are still being uploaded or prepared. They are sent once the files are ready.
import { gettext, interpolate, ngettext } from "../i18n.js";
import { emit, on } from "../page/events.js";
import { elements } from "../page/requests.js";
import { fillWithFiles, isUnready } from "./file-bubbles.js";
import * as outbox from "./outbox.js";

/** What this window looks after, by token: {entry, list of cards, count of files, letGo}. */
const held = new Map();
const requested = new Set(); // tokens whose lock this window has asked for
const formOf = (entry) => document.querySelector(`[data-composer][data-conversation="${entry.conversation}"] [data-answer]`);
const isRefused = ({ dataset }) => dataset.state === "refused";
const nameOf = (card) => card.querySelector(".tray__name").textContent.trim();
const quoted = (name) => interpolate(gettext("“%(name)s”"), { name });

/** Keep the cards in the page, out of sight, so that uploads go on whatever is looked at meanwhile. */
export function hold(entry, cards) {
  const list = Object.assign(document.createElement("ul"), { hidden: true });
  list.append(...cards);
  document.body.append(list);
  held.set(entry.token, { entry, list, count: cards.length, letGo() {} });
  takeOver(entry.token);
}

/** Stop looking after a message. Returns its cards, if this window had them. */
export function release(token) {
  const { list, letGo } = held.get(token) ?? {};
  held.delete(token);
  list?.remove();
  letGo?.();
  return list && [...list.children];
}

function problemWith(cards, count) {
  if (cards.length < count) return gettext("A file of this message was removed meanwhile.");
  return cards.filter(isRefused).map((card) => `${quoted(nameOf(card))}: ${card.querySelector(".tray__facts").textContent.trim()}`).join(" ");
}

/** Send the message if its files are ready, or say what is wrong with them. */
function check({ entry, list, count }) {
  if (!outbox.all().some(({ token }) => token === entry.token)) return release(entry.token);
  const cards = [...list.children];
  if (cards.some(isRefused) && formOf(entry)) {
    emit("taken-back", { entry, edit: true, quiet: true });
    return outbox.remove(entry);
  }
  const problem = problemWith(cards, count);
  const busy = cards.some(isUnready);
  if (busy && !problem) outbox.change(entry, fillWithFiles(entry, cards));
  if (busy) return undefined;
  release(entry.token);
  if (problem) return outbox.change(entry, { files: undefined, problem, reason: "files" });
  return outbox.add(fillWithFiles(entry, cards));
}

/** Go on with a message of a window that is gone, or of this one before it was reloaded. */
function adopt(entry) {
  const cards = entry.files.map((html) => elements(html).firstElementChild);
  for (const card of cards) card.querySelector("img[src^=blob]")?.remove();
  const lost = cards.filter(({ dataset }) => dataset.card === "uploading").map((card) => quoted(nameOf(card)));
  fillWithFiles(entry, cards);
  if (!lost.length) {
    hold(entry, cards);
    return emit("tray");
  }
  const sentence = ngettext(
    "The upload of %(names)s was interrupted. Edit the message and choose the file again.",
    "The uploads of %(names)s were interrupted. Edit the message and choose the files again.",
    lost.length,
  );
  return outbox.change(entry, { files: undefined, problem: interpolate(sentence, { names: lost.join(", ") }), reason: "files" });
}

/** One window looks after a message, where the browser has locks; another takes over when it is closed. */
function takeOver(token) {
  if (requested.has(token)) return;
  requested.add(token);
  const begin = () => {
    const entry = outbox.all().find((other) => other.token === token && other.files);
    if (entry && !held.has(token)) adopt(entry);
    return new Promise((resolve) => (held.has(token) ? (held.get(token).letGo = resolve) : resolve()));
  };
  if (navigator.locks) navigator.locks.request(`inbox.held.${token}`, begin);
  else begin();
}

function takeOverAll() {
  for (const { token, files } of outbox.all()) if (files) takeOver(token);
}

on("inbox:ready inbox:cards", () => [...held.values()].forEach(check));
on("inbox:leaving", () => {
  const waiting = outbox.all().map(({ token }) => token);
  for (const token of held.keys()) if (!waiting.includes(token)) release(token);
  if (navigator.locks) takeOverAll();
});
takeOverAll();
