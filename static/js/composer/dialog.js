// The page's dialog. A link with data-dialog opens its page in it; a form in it sends without leaving the thread.
import { gettext } from "../i18n.js";
import { emit } from "../page/events.js";
import * as pageHistory from "../page/history.js";
import { elements, inOrder, post } from "../page/requests.js";
import * as dialogEntry from "../sending/dialog-entry.js";
import * as outbox from "../sending/outbox.js";
import "../page/copy-buttons.js";
import "./dialog-fields.js";
import { locate } from "./locate.js";

const dialog = document.querySelector("[data-page-dialog]");
const shut = () => dialog.close();

function show(html) {
  dialog.replaceChildren(...elements(html).childNodes);
  const title = dialog.querySelector(".dialog__title");
  dialog.ariaLabel = title?.textContent.trim() ?? gettext("Message");
  htmx.process(dialog);
  for (const button of dialog.querySelectorAll("[data-locate]")) button.hidden = !navigator.geolocation;
  for (const button of dialog.querySelectorAll("[data-copy]")) button.hidden = false;
  pageHistory.dialog(dialog);
  const first = dialog.querySelector("[aria-invalid=true]") ?? dialog.querySelector("[autofocus]") ?? dialog.querySelector(".field");
  (first ?? dialog.querySelector(".dialog__header a")).focus();
}

async function open(link) {
  link.closest("details.menu")?.removeAttribute("open");
  const response = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (!response) {
    emit("interrupted");
    return emit("problem", gettext("No connection. Try again in a moment."));
  }
  // What a dialog cannot show, a page can.
  if (!response.ok || response.redirected) return location.assign(link.href);
  show(await response.text());
}

/** Send it as the composer sends: the dialog closes at once, and the message stands in the thread. */
function leave(form) {
  const entry = dialogEntry.entry(form);
  shut();
  outbox.add(entry);
  emit("newest");
}

async function send(form) {
  if (form.ariaBusy === "true") return;
  if (dialogEntry.complete(form)) return leave(form);
  form.ariaBusy = "true";
  const answer = await inOrder(() => post(form.getAttribute("action"), new FormData(form)));
  form.ariaBusy = "false";
  if (answer.ok) {
    shut();
    return emit("newest");
  }
  if (answer.html) return show(answer.html);
  const line = form.querySelector("[data-problem]");
  line.querySelector("[data-problem-words]").textContent = answer.sentence;
  line.hidden = false;
  line.scrollIntoView({ block: "nearest" });
}

// A message of a dialog that is edited, or that has to be.
document.addEventListener("inbox:edit-dialog", ({ detail: entry }) => {
  if (entry.conversation !== document.querySelector("#thread").dataset.conversation || document.querySelector("dialog[open]")) return;
  outbox.remove(entry);
  show(entry.dialog);
});
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = event.target.closest("[data-dialog], [data-dialog-close], [data-locate]");
  if (!target) return;
  event.preventDefault();
  if (target.matches("[data-dialog]")) open(target);
  else if (target.matches("[data-locate]")) locate(target);
  else shut();
});
dialog.addEventListener("click", (event) => event.target === dialog && shut());
dialog.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-dialog-form]")) return;
  event.preventDefault();
  send(event.target);
});
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  // The link that opened it may be in a menu that is closed by now.
  if (document.activeElement === document.body) (document.querySelector("[data-words]") ?? document.querySelector(".composer a") ?? document.querySelector(".thread__scroll"))?.focus();
});
