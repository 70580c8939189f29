// The tray: files on their way to the inbox with their progress, then what the worker makes of them.
import { emit, on } from "../page/events.js";
import { elements, headers } from "../page/requests.js";
import * as heldFiles from "../sending/held-files.js";

const POLL = 700;
const TRIES = 5; // of an upload whose connection breaks
const tray = () => document.querySelector("[data-tray]");
const settled = () => emit("ready");

function placeholder(file, voice, into) {
  const item = document.createElement("li");
  item.className = "tray__item";
  item.dataset.position = 1 + Math.max(-1, ...[...into.querySelectorAll("[data-position]")].map((one) => Number(one.dataset.position)));
  item.dataset.card = item.dataset.state = "uploading";
  const thumb = Object.assign(document.createElement("span"), { className: "tray__thumb" });
  thumb.dataset.thumb = "";
  if (/^image\/(jpeg|png|gif|webp)$/.test(file.type)) {
    const picture = Object.assign(new Image(40, 40), { alt: "", src: URL.createObjectURL(file) });
    thumb.append(picture);
  }
  const name = Object.assign(document.createElement("span"), { className: "tray__name" });
  name.append(Object.assign(document.createElement("bdi"), { textContent: voice ? "Voice note" : file.name }));
  const facts = Object.assign(document.createElement("span"), { className: "tray__facts", textContent: "Uploading…" });
  const remove = Object.assign(document.createElement("button"), { className: "icon-button icon-button--small tray__remove", type: "button", title: "Remove", textContent: "×", ariaLabel: `Remove ${file.name}` });
  const bar = Object.assign(document.createElement("progress"), { className: "tray__bar", max: 1, value: 0, ariaLabel: `Uploading ${file.name}` });
  item.append(thumb, name, facts, remove, bar);
  return { item, facts, remove, bar };
}

export function replaceCard(old, html) {
  const fresh = elements(html).querySelector("[data-card]");
  if (!fresh) return;
  const [thumb, caption] = [old.querySelector("[data-thumb] img[src^=blob]"), old.querySelector("[data-caption]")];
  const focused = document.activeElement;
  const inside = old.contains(focused);
  if (thumb) fresh.querySelector("[data-thumb]").replaceChildren(thumb);
  if (caption) fresh.querySelector("[data-caption]")?.replaceWith(caption);
  old.replaceWith(fresh);
  emit("cards");
  if (inside) (focused === caption && caption.isConnected ? caption : fresh.querySelector("[data-remove]")).focus();
  watch(fresh);
}

/** Ask until the worker is done with it. */
function watch(item) {
  if (item.dataset.state !== "preparing") return settled();
  if (item.watched) return;
  item.watched = true;
  setTimeout(async () => {
    const response = await fetch(item.dataset.address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
    item.watched = false;
    if (!item.isConnected) return;
    if (response?.status === 404) return item.remove(), settled();
    if (response?.ok && !response.redirected) replaceCard(item, await response.text());
    else watch(item);
  }, POLL);
}

export function upload(file, { voice = false, kind = "", header = false, into = tray(), form = document.querySelector("[data-answer]") } = {}) {
  const { item, facts, remove, bar } = placeholder(file, voice, into);
  if (!header) heldFiles.draw(item, file, { voice, kind });
  let request;
  let tries = 0;
  const body = new FormData();
  body.set("file", file, file.name);
  if (voice) body.set("voice", "1");
  if (kind) body.set("kind", kind);
  if (header) body.set("header", "1");
  else body.set("position", item.dataset.position);
  const failed = (sentence) => {
    item.dataset.state = "refused";
    facts.textContent = facts.title = sentence;
    facts.classList.add("tray__facts--refused");
    bar.remove();
    settled();
  };
  remove.addEventListener("click", () => {
    request.abort();
    item.remove();
    into.hidden = !into.children.length;
    settled();
  });
  function broke() {
    if (++tries === TRIES) return failed("The connection broke. Remove it and try again.");
    facts.textContent = "Waiting for the connection";
    // What changed is heard of once the connection is back.
    document.addEventListener("inbox:changes", () => item.isConnected && begin(), { once: true });
    emit("interrupted");
  }
  function begin() {
    request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      facts.textContent = loaded < total ? `${Math.floor((100 * loaded) / total)} %` : "Storing…";
    });
    request.addEventListener("load", () => {
      if (request.status === 200 && request.responseText.includes("data-card")) return item.isConnected && replaceCard(item, request.responseText);
      failed([422, 429].includes(request.status) ? request.responseText : `The upload failed (${request.status}). Remove it and try again.`);
    });
    request.addEventListener("error", broke);
    request.open("POST", form.dataset.uploads ?? form.querySelector("[data-header-file]").dataset.headerFile);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.send(body);
  }
  begin();
  into.append(item);
  into.hidden = false;
  emit("cards");
}

const watchAll = () => document.querySelectorAll("[data-card][data-state=preparing]").forEach(watch);
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && watchAll());
on("inbox:composer inbox:tray", watchAll);
watchAll();
