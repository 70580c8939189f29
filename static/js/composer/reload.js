// Replaces the composer: when the window closes or opens, or a message that was not sent is edited.
import { emit, on } from "../page/events.js";
import { elements, inOrder, post } from "../page/requests.js";
import { release } from "../sending/held-files.js";
import * as drafts from "./draft.js";

const composer = () => document.querySelector("[data-composer]");
// Several events ask for the composer at once: an answer to an earlier request never replaces that to a later one.
let [requested, shown] = [0, 0];

/** Fetch the composer anew. What is written is saved as the draft first, and comes back with it. */
async function reload({ again = true } = {}) {
  const turn = (requested += 1);
  const { conversation } = composer().dataset;
  const flushed = new Promise((resolve) => emit("flush", resolve));
  await inOrder(() => flushed);
  const response = await fetch(`/conversations/${conversation}/compose/`, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  const old = composer();
  if (!response?.ok || response.redirected || turn < shown || old?.dataset.conversation !== conversation) return;
  shown = turn;
  const fresh = elements(await response.text()).querySelector("[data-composer]");
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  htmx.process(fresh);
  emit("composer");
  if (focused) (fresh.querySelector("[data-words]") ?? fresh.querySelector("a, button"))?.focus();
  // Something was written while this was on its way.
  if (again && !drafts.idle()) reload({ again: false });
}

/** Put files back that this page still has, some of which the server may not have yet. */
function putFilesBack(form, cards, quote) {
  const tray = form.querySelector("[data-tray]");
  tray.prepend(...cards);
  tray.hidden = false;
  if (!quote) return;
  form.querySelector("[data-quote-words]").replaceChildren(...elements(quote).children);
  form.querySelector("[data-quote]").hidden = false;
}

/** Make a draft again of what was not sent. Its files are still on the server. */
async function edit({ token, fields, address, text, quoted, quote, uploads }, quiet) {
  const form = document.querySelector("[data-answer]");
  const cards = release(token);
  if (form) {
    if (cards) putFilesBack(form, cards, quoted && !form.elements.quoted.value ? quote : "");
    form.elements.text.value = [text, form.elements.text.value].filter(Boolean).join("\n");
    form.elements.quoted.value ||= quoted;
    form.elements.text.dispatchEvent(new Event("input", { bubbles: true }));
    if (!quiet) form.elements.text.focus();
  } else {
    const body = new FormData();
    for (const [name, value] of fields) body.append(name, value);
    await inOrder(() => post(address.replace(/send\/$/, "draft/"), body));
  }
  if (!form || (!cards && (quoted || uploads.length))) reload();
}

function discard({ uploads }) {
  for (const id of uploads) post(`/uploads/${id}/discard/`, new FormData());
  emit("draft");
}

on("inbox:taken-back", ({ detail }) => (detail.edit ? edit(detail.entry, detail.quiet) : discard(detail.entry)));
on("inbox:changes", () => {
  const face = composer()?.querySelector("[data-foot]")?.dataset.face;
  if (face && composer().dataset.face !== "unavailable" && face !== composer().dataset.face) reload();
});
on("inbox:window-closed", () => composer()?.dataset.face === "answer" && reload());
