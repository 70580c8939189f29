// Jumps to a message: a quoted one, a search result, a date, the first unread or the newest. And back.
import { emit } from "../page/events.js";
import { highlight } from "./highlight.js";
import { loadRange } from "./load-range.js";
import { container } from "./messages.js";
import * as scrollPosition from "./scroll-position.js";

const STAY = 4000; // milliseconds that the message stays marked
const hash = (link) => link.hash.slice(1);
const thread = () => document.querySelector("#thread");
const button = () => document.querySelector("[data-back]");
let origin;

function mark(message, { words = "", focus = true } = {}) {
  document.querySelector(".message--jumped-to")?.classList.remove("message--jumped-to");
  // Hidden pictures of an album: mark the album.
  const shown = message.checkVisibility() ? message : (message.closest(".album") ?? message);
  shown.classList.add("message--jumped-to");
  highlight(message, words);
  scrollPosition.show(shown);
  if (focus) {
    message.tabIndex = -1;
    message.focus({ preventScroll: true });
  }
  setTimeout(() => shown.classList.remove("message--jumped-to"), STAY);
}

/** Remember the reader's place, for the way back. */
function leave() {
  const reading = scrollPosition.readingAt();
  origin = { conversation: thread().dataset.conversation, id: scrollPosition.atEnd() ? "" : reading?.id, top: reading?.top };
}

async function to(id, options) {
  leave();
  if (!document.getElementById(id) && !(await loadRange(`?at=${id.replace("message-", "")}`))) return;
  const message = document.getElementById(id);
  if (!message) return;
  mark(message, options);
  button().hidden = false;
  emit("jumped");
}

async function toDate(form) {
  const date = form.elements.on.value;
  leave();
  if (!date || !(await loadRange(`?on=${date}`))) return;
  const days = [...container().querySelectorAll(".day")];
  const message = (days.find((day) => day.dataset.day >= date) ?? days.at(-1))?.querySelector("[data-message]");
  form.closest("details").open = false;
  if (message) mark(message);
  button().hidden = false;
  emit("jumped");
}

async function toNewest() {
  if (document.querySelector("[data-newer]") && !(await loadRange(""))) return;
  scrollPosition.toEnd();
  emit("jumped");
}

async function back() {
  const { id, top } = origin;
  button().hidden = true;
  document.querySelector(".thread__scroll").focus({ preventScroll: true });
  if (!id) return toNewest();
  if (!document.getElementById(id) && !(await loadRange(`?at=${id.replace("message-", "")}`))) return;
  if (document.getElementById(id)) scrollPosition.show(document.getElementById(id), top);
  emit("jumped");
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-jump], [data-back], [data-pill]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey || !thread()?.dataset.conversation) return;
  if (target.matches("[data-jump]") && target.pathname !== `/conversations/${thread().dataset.conversation}/`) return;
  event.preventDefault();
  if (target.matches("[data-back]")) return void back();
  if (target.matches("[data-pill]")) return void toNewest();
  if (target.matches("[data-above]")) target.remove();
  to(hash(target), { words: target.dataset.find, focus: !target.dataset.find });
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-to-date]")) return;
  event.preventDefault();
  toDate(event.target);
});
// A sent message is at the end, wherever the reader is.
document.addEventListener("inbox:newest", toNewest);

const target = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
if (target) mark(target);
