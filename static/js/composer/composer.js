// The composer: Send takes what is written and hands it to leaving.js, which keeps it until the inbox has it.
import { emit } from "../page/events.js";
import * as captions from "./captions.js";
import * as drafts from "./draft.js";
import { elements, inOrder, post, uuid } from "../page/requests.js";
import * as heldFiles from "../sending/held-files.js";
import * as outbox from "../sending/outbox.js";

const composer = () => document.querySelector("[data-composer]");

function problem(sentence) {
  const line = composer()?.querySelector("[data-problem]");
  if (!line) return;
  line.querySelector("[data-problem-words]").textContent = sentence;
  line.hidden = !sentence;
}

/** What a press of Send makes of the form. */
function entry(form, cards) {
  const quote = form.elements.quoted.value && form.querySelector("[data-quote-words] .quote");
  const made = {
    at: Date.now(),
    token: form.elements.token.value,
    conversation: composer().dataset.conversation,
    address: form.getAttribute("action"),
    written: [...new FormData(form)].filter(([name]) => !/^(files|csrfmiddlewaretoken|upload|caption-.*)$/.test(name)),
    text: form.elements.text.value.trim(),
    quoted: form.elements.quoted.value,
    quote: quote ? quote.outerHTML : "",
  };
  return heldFiles.fill(made, cards);
}

/** The next message can be written at once. */
function empty(form) {
  const { text, quoted, token } = form.elements;
  text.value = quoted.value = "";
  token.value = uuid();
  const [tray, left] = [form.querySelector("[data-tray]"), captions.refused()];
  tray.replaceChildren(...left);
  tray.hidden = !left.length;
  form.querySelector("[data-quote]").hidden = true;
  text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
}

/** ``others``: without the files that cannot be sent. */
function send(form, { others = false } = {}) {
  const { text } = form.elements;
  problem("");
  if (!others && captions.refused().length) return form.querySelector("[data-remove-refused]").focus();
  const cards = captions.sendable();
  if (!text.value.trim() && !cards.length) return text.focus();
  const leaving = entry(form, cards);
  if (leaving.files) heldFiles.hold(leaving, cards);
  empty(form);
  captions.say();
  emit("sending", leaving);
  outbox.add(leaving);
  emit("newest");
}

// Faces are asked for by several events at once; one that was asked for earlier never replaces a later one.
let [asked, shown] = [0, 0];

/** Another face: the window closed or opened, while what is written is kept as the draft. */
async function reload({ again = true } = {}) {
  const turn = (asked += 1);
  const { conversation } = composer().dataset;
  const address = `/conversations/${conversation}/compose/`;
  const flushed = new Promise((resolve) => emit("flush", resolve));
  await inOrder(() => flushed);
  const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
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

/** Files that this page still has, some of them perhaps not with the inbox yet. */
function takeBack(form, cards, quote) {
  const tray = form.querySelector("[data-tray]");
  tray.prepend(...cards);
  tray.hidden = false;
  if (!quote) return;
  form.querySelector("[data-quote-words]").replaceChildren(...elements(quote).children);
  form.querySelector("[data-quote]").hidden = false;
}

/** What did not leave is a draft again; its files are still with the inbox. */
async function giveBack({ token, fields, address, text, quoted, quote, uploads }, quiet) {
  const form = document.querySelector("[data-answer]");
  const cards = heldFiles.release(token);
  if (form) {
    if (cards) takeBack(form, cards, quoted && !form.elements.quoted.value ? quote : "");
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

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-answer]");
  if (!form) return;
  event.preventDefault();
  send(form);
});
document.addEventListener("inbox:send-others", () => send(document.querySelector("[data-answer]"), { others: true }));
document.addEventListener("inbox:problem", ({ detail }) => problem(detail));
document.addEventListener("inbox:taken-back", ({ detail: { entry: left, edit, quiet } }) => {
  if (edit) return giveBack(left, quiet);
  for (const id of left.uploads) post(`/uploads/${id}/discard/`, new FormData());
  emit("draft");
});
document.addEventListener("inbox:changes", () => {
  const face = composer()?.querySelector("[data-foot]")?.dataset.face;
  if (face && composer().dataset.face !== "unavailable" && face !== composer().dataset.face) reload();
});
document.addEventListener("inbox:window-closed", () => composer()?.dataset.face === "answer" && reload());
