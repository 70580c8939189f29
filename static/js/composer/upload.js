// Uploads one file into the tray, with its progress, and tries again when the connection breaks.
import { gettext, interpolate, percent } from "../i18n.js";
import { emit } from "../page/events.js";
import { headers } from "../page/requests.js";
import { addBubbles } from "../sending/file-bubbles.js";
import { replaceCard } from "./tray.js";

const TRIES = 5;
const THUMBNAILS = /^image\/(jpeg|png|gif|webp)$/;
const create = (tag, values) => Object.assign(document.createElement(tag), values);
const settled = () => emit("ready");

/** The card of a file whose upload begins. */
function newCard(file, voice, into) {
  const item = create("li", { className: "tray__item" });
  const positions = [...into.querySelectorAll("[data-position]")].map(({ dataset }) => Number(dataset.position));
  Object.assign(item.dataset, { position: 1 + Math.max(-1, ...positions), card: "uploading", state: "uploading" });
  const thumb = create("span", { className: "tray__thumb" });
  thumb.dataset.thumb = "";
  if (THUMBNAILS.test(file.type)) thumb.append(Object.assign(new Image(40, 40), { alt: "", src: URL.createObjectURL(file) }));
  const name = create("span", { className: "tray__name" });
  name.append(create("bdi", { textContent: voice ? gettext("Voice note") : file.name }));
  const facts = create("span", { className: "tray__facts", textContent: gettext("Uploading…") });
  const remove = create("button", { className: "icon-button icon-button--small tray__remove", type: "button", title: gettext("Remove"), textContent: "×" });
  remove.ariaLabel = interpolate(gettext("Remove %(name)s"), { name: file.name });
  const bar = create("progress", { className: "tray__bar", max: 1, value: 0 });
  bar.ariaLabel = interpolate(gettext("Uploading %(name)s"), { name: file.name });
  item.append(thumb, name, facts, remove, bar);
  return { item, facts, remove, bar };
}

function bodyOf(file, { voice, kind, header, position }) {
  const body = new FormData();
  body.set("file", file, file.name);
  if (voice) body.set("voice", "1");
  if (kind) body.set("kind", kind);
  if (header) body.set("header", "1");
  else body.set("position", position);
  return body;
}

/** Upload a file. `kind`: what it is to be sent as; `header`: it belongs to the header of what the dialog sends. */
export function upload(file, { voice = false, kind = "", header = false, into = document.querySelector("[data-tray]"), form = document.querySelector("[data-answer]") } = {}) {
  const { item, facts, remove, bar } = newCard(file, voice, into);
  if (!header) addBubbles(item, file, { voice, kind });
  const body = bodyOf(file, { voice, kind, header, position: item.dataset.position });
  let request;
  let tries = 0;

  function fail(sentence) {
    item.dataset.state = "refused";
    facts.textContent = facts.title = sentence;
    facts.classList.add("tray__facts--refused");
    bar.remove();
    settled();
  }
  function interrupted() {
    if (++tries === TRIES) return fail(gettext("The connection was lost. Remove the file and try again."));
    facts.textContent = gettext("Waiting for the connection");
    // The next changes come once there is a connection again.
    document.addEventListener("inbox:changes", () => item.isConnected && begin(), { once: true });
    return emit("interrupted");
  }
  function finished() {
    if (request.status === 200 && request.responseText.includes("data-card")) return item.isConnected && replaceCard(item, request.responseText);
    if ([422, 429].includes(request.status)) return fail(request.responseText);
    return fail(interpolate(gettext("The upload failed (%(status)s). Remove the file and try again."), { status: request.status }));
  }
  function begin() {
    request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      facts.textContent = loaded < total ? percent(loaded / total) : gettext("Storing…");
    });
    request.addEventListener("load", finished);
    request.addEventListener("error", interrupted);
    request.open("POST", form.dataset.uploads ?? form.querySelector("[data-header-file]").dataset.headerFile);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.send(body);
  }

  remove.addEventListener("click", () => {
    request.abort();
    item.remove();
    into.hidden = !into.children.length;
    settled();
  });
  begin();
  into.append(item);
  into.hidden = false;
  emit("cards");
}
