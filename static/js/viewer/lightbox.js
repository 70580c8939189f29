// The lightbox: shows a file over the page, and steps through all files of the conversation.
import { gettext } from "../i18n.js";
import { retryWhenConnected } from "../live/cursor.js";
import * as pageHistory from "../page/history.js";
import { elements } from "../page/requests.js";

import "./film-player.js";
import "./page-pane.js";
import "./zoom-stage.js";

const dialog = document.querySelector("[data-lightbox-dialog]");
const STEPS = { Home: "first", End: "last", ArrowLeft: "before", ArrowRight: "after" };
let opener;
let wanted;

function problem(address) {
  const line = Object.assign(document.createElement("p"), { className: "lightbox__problem", role: "alert" });
  line.textContent = `${gettext("This could not be loaded.")} `;
  const again = Object.assign(document.createElement("a"), { href: address, textContent: gettext("Try again") });
  again.dataset.step = "again";
  line.append(again);
  const stage = dialog.querySelector(".lightbox__media");
  if (stage) stage.replaceChildren(line);
  else dialog.replaceChildren(line);
  again.focus();
}

async function show(address) {
  wanted = address;
  dialog.ariaBusy = "true";
  pageHistory.dialog(dialog);
  const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  const html = response?.ok && !response.redirected ? await response.text().catch(() => "") : "";
  if (wanted !== address || !dialog.open) return; // somebody stepped on meanwhile
  dialog.ariaBusy = "false";
  if (response?.redirected) return location.reload(); // signed out
  if (!html) {
    if (!response) retryWhenConnected(dialog, () => dialog.open && wanted === address && show(address));
    return problem(address);
  }
  const step = document.activeElement?.dataset.step;
  dialog.replaceChildren(...elements(html).childNodes);
  dialog.ariaLabel = dialog.querySelector("[data-viewer]").ariaLabel;
  // Who steps on with a button goes on with it; at the end it is gone, and the way out takes the focus.
  const kept = ["before", "after"].includes(step) && dialog.querySelector(`[data-step=${step}]`);
  (kept || dialog.querySelector(".pages, .words") || dialog.querySelector("[data-close]")).focus();
  for (const near of dialog.querySelectorAll("[data-source]")) new Image().src = near.dataset.source;
}

const step = (name) => {
  const link = dialog.querySelector(`[data-step=${name}]`);
  if (link) show(link.href);
  return Boolean(link);
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-lightbox], .album [data-video]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  opener = link;
  show(link.href);
});
dialog.addEventListener("click", (event) => {
  const link = event.target.closest("[data-step]");
  if (event.target.closest("[data-close]") || event.target.matches("dialog, zoom-stage, .lightbox__stage")) {
    event.preventDefault();
    dialog.close();
  } else if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    show(link.href);
  }
});
dialog.addEventListener("keydown", (event) => {
  if (event.target.matches("input, .pages, .words") || event.ctrlKey || event.metaKey || event.altKey) return;
  let name = STEPS[event.key];
  if (document.dir === "rtl") name = { before: "after", after: "before" }[name] ?? name;
  if (name && step(name)) event.preventDefault();
});
dialog.addEventListener("inbox:step", ({ detail }) => step(detail > 0 === (document.dir !== "rtl") ? "after" : "before"));
dialog.addEventListener("close", () => {
  wanted = undefined;
  dialog.replaceChildren();
  // The message may have been drawn again meanwhile.
  const back = opener?.isConnected ? opener : document.querySelector(`[data-lightbox][href="${opener?.getAttribute("href")}"]`);
  (back ?? document.querySelector(".thread__scroll"))?.focus({ preventScroll: true });
});
