// The composer: a press of Send hands what is written to the outbox, which keeps it until the server has it.
import { emit, on } from "../page/events.js";
import { uuid } from "../page/requests.js";
import { fillWithFiles } from "../sending/file-bubbles.js";
import { hold } from "../sending/held-files.js";
import * as outbox from "../sending/outbox.js";
import * as captions from "./captions.js";

/** Fields that an entry of the outbox does not take from the form as they are. */
const NOT_KEPT = /^(files|csrfmiddlewaretoken|upload|caption-.*)$/;

function showProblem(sentence) {
  const line = document.querySelector("[data-composer] [data-problem]");
  if (!line) return;
  line.querySelector("[data-problem-words]").textContent = sentence;
  line.hidden = !sentence;
}

/** The entry of the outbox for what the form holds. */
function entryOf(form, cards) {
  const { text, quoted, token } = form.elements;
  const quote = quoted.value && form.querySelector("[data-quote-words] .quote");
  const entry = {
    at: Date.now(),
    token: token.value,
    conversation: form.closest("[data-composer]").dataset.conversation,
    address: form.getAttribute("action"),
    written: [...new FormData(form)].filter(([name]) => !NOT_KEPT.test(name)),
    text: text.value.trim(),
    quoted: quoted.value,
    quote: quote ? quote.outerHTML : "",
  };
  return fillWithFiles(entry, cards);
}

/** Empty the form, so that the next message can be written at once. Files that cannot be sent stay. */
function clear(form) {
  const { text, quoted, token } = form.elements;
  text.value = quoted.value = "";
  token.value = uuid();
  const tray = form.querySelector("[data-tray]");
  const refused = captions.refused();
  tray.replaceChildren(...refused);
  tray.hidden = !refused.length;
  form.querySelector("[data-quote]").hidden = true;
  text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
}

/** Send the form; `skipRefused` leaves the files behind that cannot be sent. */
function send(form, { skipRefused = false } = {}) {
  const { text } = form.elements;
  showProblem("");
  if (!skipRefused && captions.refused().length) return form.querySelector("[data-remove-refused]").focus();
  const cards = captions.sendable();
  if (!text.value.trim() && !cards.length) return text.focus();
  const entry = entryOf(form, cards);
  if (entry.files) hold(entry, cards);
  clear(form);
  captions.say();
  emit("sending", entry);
  outbox.add(entry);
  return emit("newest");
}

on("submit", (event) => {
  const form = event.target.closest("[data-answer]");
  if (!form) return;
  event.preventDefault();
  send(form);
});
on("inbox:send-others", () => send(document.querySelector("[data-answer]"), { skipRefused: true }));
on("inbox:problem", ({ detail }) => showProblem(detail));
