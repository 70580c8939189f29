// What the tray says: which file takes the text as its caption, and which files cannot be sent.
// inbox/web/views/compose.py applies the same rule when it sends.
import { gettext, interpolate, ngettext } from "../i18n.js";
import { emit, on } from "../page/events.js";
import { CAPTION_LIMIT } from "../page/rules.js";

const form = () => document.querySelector("[data-answer]");
const cards = (refusedOnes) => [...form().querySelectorAll("[data-tray] > [data-card]")].filter((card) => (card.dataset.state === "refused") === refusedOnes);
export const sendable = () => cards(false);
export const refused = () => cards(true);
const named = (card) => interpolate(gettext("“%(name)s”"), { name: card.querySelector(".tray__name").textContent.trim() });
const ownCaption = (card) => card.querySelector("[data-caption]")?.value.trim() ?? "";
const isTooLong = (text) => [...text].length > CAPTION_LIMIT;
const firstCaptioned = (files = sendable()) => files.find((card) => "captioned" in card.dataset);

/** The card whose caption this text becomes; undefined when the text is sent as a message of its own. */
export function captionedBy(text, files) {
  const card = firstCaptioned(files);
  return text && card && !ownCaption(card) && !isTooLong(text) ? card : undefined;
}

function hint(text) {
  const card = firstCaptioned();
  if (!card) return "";
  if (text && ownCaption(card)) return interpolate(gettext("%(file)s has its own caption. Your text will be sent as a separate message before it."), { file: named(card) });
  if (isTooLong(text)) return gettext("Too long for a caption. Your text will be sent as a separate message.");
  if (sendable().length > 1) return interpolate(gettext("Your text will be the caption of %(file)s."), { file: named(card) });
  return gettext("Your text will be the caption.");
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function sayRefused() {
  const bad = refused();
  const line = form().querySelector("[data-refused]");
  line.hidden = !bad.length;
  if (!bad.length) return;
  const sentence = sendable().length
    ? ngettext("%(files)s can’t be sent. Remove it to send the rest.", "%(files)s can’t be sent. Remove them to send the rest.", bad.length)
    : ngettext("%(files)s can’t be sent. Remove it.", "%(files)s can’t be sent. Remove them.", bad.length);
  setText(line.querySelector("[data-refused-words]"), interpolate(sentence, { files: bad.map(named).join(", ") }));
  line.querySelector("[data-remove-refused]").textContent = ngettext("Remove it", "Remove them", bad.length);
  line.querySelector("[data-send-others]").hidden = !sendable().length;
}

export function say() {
  if (!form()) return;
  sayRefused();
  const line = form().querySelector("[data-caption-hint]");
  const sentence = hint(form().elements.text.value.trim());
  line.hidden = !sentence;
  setText(line, sentence);
  // The first file takes its caption from the main field; a second field for it would only ask which one counts.
  for (const field of form().querySelectorAll("[data-caption]")) field.hidden = field.closest("[data-card]") === firstCaptioned() && !field.value;
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-remove-refused]")) for (const card of refused()) card.querySelector(".tray__remove").click();
  else if (target.closest("[data-send-others]")) emit("send-others");
});
on("input inbox:resize inbox:ready inbox:cards inbox:tray inbox:composer htmx:afterSettle", ({ target }) => {
  // A caption that is being written keeps its field until it is left.
  if (!target.matches?.("[data-caption]")) say();
});
say();
