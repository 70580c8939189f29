// What the tray says: whose caption the words are, and which files cannot be sent. inbox/web/views/compose.py decides the same.
import { emit } from "../page/events.js";

const form = () => document.querySelector("[data-answer]");
const cards = (state) => [...form().querySelectorAll("[data-tray] > [data-card]")].filter((card) => (card.dataset.state === "refused") === state);
export const sendable = () => cards(false);
export const refused = () => cards(true);
const named = (card) => `“${card.querySelector(".tray__name").textContent.trim()}”`;
const own = (card) => card.querySelector("[data-caption]")?.value.trim() ?? "";
const LIMIT = 1024; // characters; inbox/web/views/compose.py decides by the same
const long = (text) => [...text].length > LIMIT;
const first = (files = cards(false)) => files.find((card) => "captioned" in card.dataset);

/** The one of these cards whose caption this text becomes; undefined when it leaves as a message of its own. */
export function bearer(text, files) {
  const card = first(files);
  return text && card && !own(card) && !long(text) ? card : undefined;
}

function hint(text) {
  const card = first();
  if (!card) return "";
  if (text && own(card)) return `${named(card)} has a caption of its own: the text is sent as a message before it.`;
  if (long(text)) return "Too long for a caption: the text is sent as a message of its own.";
  return cards(false).length > 1 ? `The text is the caption of ${named(card)}.` : "The text is its caption.";
}

function sayRefused() {
  const [bad, others] = [cards(true), cards(false)];
  const line = form().querySelector("[data-refused]");
  line.hidden = !bad.length;
  const one = bad.length === 1;
  const names = bad.map(named).join(", ");
  const words = `${names} can’t be sent. Remove ${one ? "it" : "them"}${others.length ? " to send the rest" : ""}.`;
  const shown = line.querySelector("[data-refused-words]");
  if (shown.textContent !== words) shown.textContent = words;
  line.querySelector("[data-remove-refused]").textContent = one ? "Remove it" : "Remove them";
  line.querySelector("[data-send-others]").hidden = !others.length;
}

export function say() {
  if (!form()) return;
  sayRefused();
  const text = form().elements.text.value.trim();
  const line = form().querySelector("[data-caption-hint]");
  const words = hint(text);
  line.hidden = !words;
  if (line.textContent !== words) line.textContent = words;
  // The words are written below: a second field for them would only ask which counts.
  for (const field of form().querySelectorAll("[data-caption]")) field.hidden = field.closest("[data-card]") === first() && !field.value;
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-remove-refused]")) for (const card of cards(true)) card.querySelector(".tray__remove").click();
  else if (target.closest("[data-send-others]")) emit("send-others");
});
for (const event of ["input", "inbox:resize", "inbox:ready", "inbox:cards", "inbox:tray", "inbox:composer", "htmx:afterSettle"]) {
  // A caption that is being written keeps its field until it is left.
  document.addEventListener(event, ({ target }) => !target.matches?.("[data-caption]") && say());
}
say();
