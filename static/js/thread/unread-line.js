// The line above the first unread message. It stays until the conversation is left.
import { interpolate, ngettext } from "../i18n.js";
import * as albums from "./albums.js";
import { container, regroup } from "./messages.js";
import * as scrollPosition from "./scroll-position.js";

/** {conversation, id, count, counting}: the message below the line, and whether new messages still add to its count. */
let line;
const sentence = (count) => interpolate(ngettext("%(count)s new message", "%(count)s new messages", count), { count });
const thread = () => document.querySelector("#thread")?.dataset ?? {};
const away = () => document.visibilityState !== "visible" || !document.hasFocus();

/** Read the line that the server drew, or note where it belongs once its message is loaded. */
function begin() {
  const drawn = document.querySelector(".thread__messages .new-line");
  const { conversation, firstUnread, unread } = thread();
  const next = drawn?.nextElementSibling;
  const id = next?.id || next?.firstElementChild?.id || (firstUnread && `message-${firstUnread}`);
  line = id && { conversation, id, count: drawn ? parseInt(drawn.textContent, 10) : Number(unread), counting: false };
}

function draw() {
  const drawn = [...document.querySelectorAll(".thread__messages .new-line")];
  const message = line?.conversation === thread().conversation ? document.getElementById(line.id) : null;
  const first = message?.matches(".album > :first-child") ? message.parentElement : message;
  const kept = message && drawn.find((one) => one.nextElementSibling === first);
  for (const one of drawn) if (one !== kept) one.remove();
  if (!message) return;
  const element = kept ?? Object.assign(document.createElement("div"), { className: "new-line", role: "separator" });
  if (element.textContent !== sentence(line.count)) element.textContent = sentence(line.count);
  if (kept) return;
  albums.loosen(message);
  message.before(element);
  regroup(message);
  albums.form(container());
}

document.addEventListener("inbox:merged", ({ detail: { added, first, unseen } }) => {
  if (!added) return;
  if (!unseen && !away()) {
    if (line) line.counting = false;
    return;
  }
  if (line?.counting) line.count += added;
  // An agent who only scrolled up has seen the thread: the line stays.
  else if (first && (!line || away())) line = { conversation: thread().conversation, id: first.id, count: added, counting: true };
  else return;
  draw();
  scrollPosition.keep();
});
document.addEventListener("inbox:drawn", draw);
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && begin());
begin();
