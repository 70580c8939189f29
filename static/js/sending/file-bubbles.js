// The bubbles of a message with files, until the message has a row on the server.
import * as captions from "../composer/captions.js";
import { gettext } from "../i18n.js";
import { uuid } from "../page/requests.js";

const KINDS = {
  image: { name: gettext("Photo"), captioned: true },
  video: { name: gettext("Video"), captioned: true },
  document: { name: gettext("Document"), captioned: true },
  audio: { name: gettext("Audio") },
  sticker: { name: gettext("Sticker") },
  voice: { name: gettext("Voice note") },
};
export const isUnready = ({ dataset }) => ["uploading", "preparing"].includes(dataset.state);

/** Give a card that has no upload yet the bubbles that its file will have; the server's own cards come with theirs. */
export function addBubbles(card, { type, name }, { voice, kind: chosen }) {
  const kind = voice ? "voice" : ([chosen, type.split("/")[0]].find((word) => word in KINDS) ?? "document");
  if (KINDS[kind].captioned) card.dataset.captioned = "";
  const token = uuid();
  for (const template of document.querySelectorAll("[data-composer] template[data-file]")) {
    const copy = document.importNode(template, true);
    copy.dataset.bubble = "";
    delete copy.dataset.file;
    const bubble = copy.content.querySelector(".message");
    bubble.dataset.token = token;
    if (kind === "image") bubble.dataset.tile = "";
    const title = copy.content.querySelector(".media-state__title bdi");
    title.textContent = voice ? KINDS.voice.name : name;
    if (!voice) title.parentElement.after(Object.assign(document.createElement("p"), { className: "media-state__facts", textContent: KINDS[kind].name }));
    card.append(copy);
  }
}

/** One bubble for the text, or one for each file with its caption. */
function bubblesOf(cards, { text, token, quote }) {
  const captioned = captions.captionedBy(text, cards);
  const bubbles = cards.map((card) => {
    const caption = card === captioned ? text : (card.querySelector("[data-caption]")?.value.trim() ?? "");
    const templates = [...card.querySelectorAll("template[data-bubble]")].map(({ content }) => content.querySelector(".message"));
    const bubble = templates.at(caption ? -1 : 0);
    const isPicture = templates[0] && "tile" in templates[0].dataset;
    const preview = isPicture ? card.querySelector("[data-thumb] img[src^=blob]")?.src : undefined;
    return { token: bubble?.dataset.token, text: caption, html: bubble?.outerHTML, preview };
  });
  if (text && !captioned) bubbles.unshift({ token, text });
  if (quote) bubbles[0].quote = quote;
  return bubbles;
}

/** Complete an entry of the outbox with these files. It keeps their cards for as long as one of them is not ready. */
export function fillWithFiles(entry, cards) {
  const inputs = cards.flatMap((card) => [...card.querySelectorAll("[name=upload], [data-caption]")]);
  const busy = cards.some(isUnready);
  const uploading = cards.some(({ dataset }) => dataset.state === "uploading");
  for (const input of inputs) input.setAttribute("value", input.value);
  return Object.assign(entry, {
    fields: [...entry.written, ...inputs.map(({ name, value }) => [name, value])],
    uploads: cards.map(({ dataset }) => dataset.card).filter((id) => id !== "uploading"),
    bubbles: bubblesOf(cards, entry),
    files: busy ? cards.map((card) => card.outerHTML) : undefined,
    doing: busy && (uploading ? gettext("Uploading…") : gettext("Being prepared…")),
  });
}
