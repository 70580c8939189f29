// Actions on a message: reply, react, cancel, send again.
import { gettext } from "../i18n.js";
import { emit, on } from "../page/events.js";
import { elements, post } from "../page/requests.js";

const form = () => document.querySelector("[data-answer]");

async function reply(id) {
  document.querySelector("[data-page-dialog]").close();
  if (!form()) return emit("problem", gettext("You can only send a template until they reply."));
  form().elements.text.focus();
  const { conversation } = document.querySelector("[data-composer]").dataset;
  const response = await fetch(`/conversations/${conversation}/compose/?reply=${id}`, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (!response?.ok || response.redirected) return;
  const fresh = elements(await response.text());
  const quote = fresh.querySelector("[data-quote]");
  if (!quote || document.querySelector("[data-composer]")?.dataset.conversation !== conversation) return;
  form().querySelector("[data-quote]").replaceWith(quote);
  form().elements.quoted.value = fresh.querySelector("[name=quoted]").value;
  emit("draft");
}

function unquote() {
  form().elements.quoted.value = "";
  form().querySelector("[data-quote]").hidden = true;
  form().elements.text.focus();
  emit("draft");
}

/** Show next to the button why an action failed. */
function said(button, sentence) {
  const box = button.closest(".problem, [data-page-dialog]");
  const line = box?.querySelector("[data-said]") ?? Object.assign(document.createElement("p"), { className: "problem__words" });
  line.dataset.said = line.role = "alert";
  line.textContent = sentence;
  if (box) box.append(line);
  else emit("problem", sentence);
}

async function act(acted, submitter) {
  if (acted.dataset.confirm && !confirm(acted.dataset.confirm)) return;
  if (acted.ariaBusy === "true") return;
  acted.ariaBusy = "true";
  const answer = await post(acted.getAttribute("action"), new FormData(acted, submitter));
  acted.ariaBusy = "false";
  if (!answer.ok) return said(submitter ?? acted, answer.sentence);
  acted.closest("dialog")?.close();
}

async function react(id, emoji) {
  const body = new FormData();
  body.set("emoji", emoji);
  const answer = await post(`/messages/${id}/react/`, body);
  if (!answer.ok) emit("problem", answer.sentence);
}

/** Add the Reply and React buttons to a message when the pointer or the focus enters it, to keep the page light. */
function offer({ target }) {
  const more = target.closest?.(".message")?.querySelector("[data-answerable]");
  if (!more || more.previousElementSibling) return;
  const buttons = document.querySelector("[data-message-actions]").content.cloneNode(true);
  buttons.querySelector("[data-react]").dataset.react = buttons.querySelector("[data-reply]").dataset.reply = more.dataset.answerable;
  more.before(buttons);
}
on("mouseover focusin", offer);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reply], [data-unquote], [data-react]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (button.matches("[data-reply]")) reply(button.dataset.reply);
  else if (button.matches("[data-unquote]")) unquote();
  else import("../composer/emoji-picker.js").then(({ pickEmoji }) => pickEmoji(button, (emoji) => react(button.dataset.react, emoji), { quick: true }));
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-act]")) return;
  event.preventDefault();
  act(event.target, event.submitter);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !event.target.closest("[data-answer]")) return;
  if (form().querySelector("[data-quote]").hidden) return;
  event.preventDefault();
  unquote();
});
