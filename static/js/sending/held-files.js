// Messages whose files are still being uploaded or prepared: shown at the press of Send, sent by themselves once the files are ready.
import * as captions from "../composer/captions.js";
import { emit, on } from "../page/events.js";
import { elements, uuid } from "../page/requests.js";
import * as outbox from "./outbox.js";

const held = new Map(); // what this window looks after, by token: the message, its cards, and how to let go of it
const asked = new Set();
const form = (entry) => document.querySelector(`[data-composer][data-conversation="${entry.conversation}"] [data-answer]`);
const unready = ({ dataset }) => ["uploading", "preparing"].includes(dataset.state);
const refused = ({ dataset }) => dataset.state === "refused";
const words = (card, part) => card.querySelector(part).textContent.trim();
const NOUNS = { image: "Photo", video: "Video", audio: "Audio", sticker: "Sticker" };

/** A card that has no upload yet gets the bubbles that it will be, as the cards of the server have them. */
export function draw(card, { type, name }, { voice, kind }) {
  const noun = voice ? "Voice note" : (NOUNS[kind || type.split("/")[0]] ?? "Document");
  if (!["Voice note", "Audio", "Sticker"].includes(noun)) card.dataset.captioned = "";
  const token = uuid();
  for (const template of document.querySelectorAll("[data-composer] template[data-file]")) {
    const fresh = document.importNode(template, true);
    fresh.dataset.bubble = "";
    delete fresh.dataset.file;
    const bubble = fresh.content.querySelector(".message");
    bubble.dataset.token = token;
    if (noun === "Photo") bubble.dataset.tile = "";
    const title = fresh.content.querySelector(".media-state__title bdi");
    title.textContent = voice ? noun : name;
    if (!voice) title.parentElement.after(Object.assign(document.createElement("p"), { className: "media-state__facts", textContent: noun }));
    card.append(fresh);
  }
}

/** One bubble for the words, or one for each file with its caption. */
function bubbles(cards, { text, token, quote }) {
  const bearer = captions.bearer(text, cards);
  const drawn = cards.map((card) => {
    const caption = card === bearer ? text : (card.querySelector("[data-caption]")?.value.trim() ?? "");
    const templates = [...card.querySelectorAll("template[data-bubble]")].map(({ content }) => content.querySelector(".message"));
    const bubble = templates.at(caption ? -1 : 0);
    const preview = templates[0] && "tile" in templates[0].dataset ? card.querySelector("[data-thumb] img[src^=blob]")?.src : undefined;
    return { token: bubble?.dataset.token, words: caption, html: bubble?.outerHTML, preview };
  });
  if (text && !bearer) drawn.unshift({ token, words: text });
  if (quote) drawn[0].quote = quote;
  return drawn;
}

/** What the message is with these files. ``files`` are their cards, while one of them is not ready. */
export function fill(entry, cards) {
  const inputs = cards.flatMap((card) => [...card.querySelectorAll("[name=upload], [data-caption]")]);
  const busy = cards.some(unready);
  for (const input of inputs) input.setAttribute("value", input.value);
  return Object.assign(entry, {
    fields: [...entry.written, ...inputs.map(({ name, value }) => [name, value])],
    uploads: cards.map(({ dataset }) => dataset.card).filter((id) => id !== "uploading"),
    bubbles: bubbles(cards, entry),
    files: busy ? cards.map((card) => card.outerHTML) : undefined,
    doing: busy && (cards.some(({ dataset }) => dataset.state === "uploading") ? "Uploading…" : "Being prepared…"),
  });
}

/** The cards stay in the page, out of sight: uploads go on, whatever is looked at meanwhile. */
export function hold(entry, cards) {
  const list = Object.assign(document.createElement("ul"), { hidden: true });
  list.append(...cards);
  document.body.append(list);
  held.set(entry.token, { entry, list, count: cards.length, letGo() {} });
  own(entry.token);
}

/** This window no longer looks after it. Gives its cards, if it did. */
export function release(token) {
  const { list, letGo } = held.get(token) ?? {};
  held.delete(token);
  list?.remove();
  letGo?.();
  return list && [...list.children];
}

function look({ entry, list, count }) {
  if (!outbox.all().some(({ token }) => token === entry.token)) return release(entry.token);
  const cards = [...list.children];
  const [busy, bad] = [cards.some(unready), cards.filter(refused)];
  if (bad.length && form(entry)) {
    emit("taken-back", { entry, edit: true, quiet: true });
    return outbox.remove(entry);
  }
  const problem = cards.length < count ? "A file of it was removed meanwhile." : bad.map((card) => `“${words(card, ".tray__name")}”: ${words(card, ".tray__facts")}`).join(" ");
  if (busy && !problem) outbox.change(entry, fill(entry, cards));
  if (busy) return;
  release(entry.token);
  if (problem) outbox.change(entry, { files: undefined, problem, reason: "files" });
  else outbox.add(fill(entry, cards));
}
const lookAll = () => [...held.values()].forEach(look);

/** From a window that is gone, or from before the page was read again. */
function adopt(entry) {
  const cards = entry.files.map((html) => elements(html).firstElementChild);
  for (const card of cards) card.querySelector("img[src^=blob]")?.remove();
  const lost = cards.filter(({ dataset }) => dataset.card === "uploading").map((card) => `“${words(card, ".tray__name")}”`);
  fill(entry, cards);
  if (!lost.length) {
    hold(entry, cards);
    return emit("tray");
  }
  const problem = `The page was left before ${lost.join(", ")} had been uploaded. Edit the message and choose ${lost.length === 1 ? "it" : "them"} again.`;
  outbox.change(entry, { files: undefined, problem, reason: "files" });
}

/** One window looks after a message, where the browser can say so; another one takes over when that is gone. */
function own(token) {
  if (asked.has(token)) return;
  asked.add(token);
  const begin = () => {
    const entry = outbox.all().find((one) => one.token === token && one.files);
    if (entry && !held.has(token)) adopt(entry);
    return new Promise((resolve) => (held.has(token) ? (held.get(token).letGo = resolve) : resolve()));
  };
  if (navigator.locks) navigator.locks.request(`inbox.held.${token}`, begin);
  else begin();
}
const ownAll = () => outbox.all().forEach(({ token, files }) => files && own(token));

on("inbox:ready inbox:cards", lookAll);
document.addEventListener("inbox:leaving", () => {
  const there = outbox.all().map(({ token }) => token);
  for (const token of held.keys()) if (!there.includes(token)) release(token);
  if (navigator.locks) ownAll();
});
ownAll();
