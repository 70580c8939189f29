// Loads parts of the page shortly before they are used, so that the first page loads faster.
import { gettext } from "./i18n.js";
import { emit, on } from "./page/events.js";

const PARTS = {
  lightbox: { use: "[data-lightbox], .album [data-video]", load: () => import("./viewer/lightbox.js") },
  film: { use: "[data-video]", load: () => import("./viewer/film-player.js") },
  dialog: { use: "[data-dialog]", events: "inbox:edit-dialog", load: () => import("./composer/dialog.js") },
  emoji: { use: "button[data-emoji]:not(emoji-picker *), [data-react]", load: () => import("./composer/emoji-picker.js") },
  search: { use: "[data-search]", load: () => import("./thread/search.js") },
  pins: { use: "[data-pin] button, [data-mark-unread] button", load: () => import("./thread/pin-and-unread.js") },
  theme: { use: "[data-theme-form] button", load: () => import("./page/theme.js") },
  recorder: { use: "[data-record]", load: () => import("./composer/voice-recorder.js") },
  palette: { events: "inbox:palette", load: () => import("./page/command-menu.js") },
  shortcuts: { events: "inbox:help", load: () => import("./page/shortcut-sheet.js") },
};
const coming = {};
const here = new Set();
let pressed;

/** The style sheets of a part: in the page from the start, and disabled so that they are not fetched. */
function styles(name) {
  return [...document.querySelectorAll(`link[data-part~=${name}]`)].map((link) => {
    if (!link.disabled) return undefined;
    return new Promise((resolve, reject) => {
      link.addEventListener("load", resolve, { once: true });
      link.addEventListener("error", () => reject((link.disabled = true)), { once: true });
      link.disabled = false;
    });
  });
}

/** Resolves once a part is in the page; rejects when it cannot be fetched, and can be asked for again. */
function load(name) {
  coming[name] ??= Promise.all([...styles(name), PARTS[name].load()]).then(
    () => here.add(name),
    (error) => {
      delete coming[name];
      throw error;
    },
  );
  return coming[name];
}

function missing(link) {
  const say = () => emit("problem", gettext("This part of the inbox could not be loaded. Check your connection, then try again."));
  if (!link?.href) return say();
  // What this page cannot do, a page of its own can, unless it is the connection that is missing.
  fetch(link.href, { method: "HEAD" }).then(() => location.assign(link.href), say);
}

/** The part that a press on this element needs and that is not here, and the element. */
function needed(element) {
  for (const [name, { use }] of Object.entries(PARTS)) {
    const target = use && element.closest?.(use);
    if (target) return here.has(name) ? [] : [name, target];
  }
  return [];
}

on("pointerover focusin", ({ target }) => needed(target)[0] && load(needed(target)[0]).catch(() => {}));
document.addEventListener(
  "click",
  (event) => {
    const [name, target] = needed(event.target);
    if (!name || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (pressed === target) return; // twice, out of impatience
    pressed = target;
    load(name)
      .then(() => pressed === target && target.click(), () => missing(target))
      .finally(() => (pressed = undefined));
  },
  true,
);
for (const [name, { events }] of Object.entries(PARTS)) {
  if (!events) continue;
  on(events, ({ type, detail }) => {
    if (!here.has(name)) load(name).then(() => emit(type.replace("inbox:", ""), detail), () => missing());
  });
}

/** Show the buttons that are nothing without a script. */
function offer() {
  for (const button of document.querySelectorAll("button[data-emoji][hidden], [data-record][hidden]")) {
    button.hidden = button.matches("[data-record]") && !(navigator.mediaDevices && window.MediaRecorder);
  }
}
on("htmx:afterSettle inbox:composer", offer);
offer();
