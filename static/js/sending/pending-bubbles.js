// Shows messages of the outbox at the end of their thread, until their rows take their place.
import { emit, on } from "../page/events.js";
import { GROUP_WITHIN } from "../page/rules.js";
import { container, place, regroup } from "../thread/messages.js";
import * as scrollPosition from "../thread/scroll-position.js";
import * as outbox from "./outbox.js";
import { draw, stateOf } from "./pending-bubble.js";

const composer = () => document.querySelector("[data-composer]");
const openConversation = () => document.querySelector("#thread")?.dataset.conversation;
const hasRow = ({ token }) => document.querySelector(`[data-message][data-token="${token}"]`);
const day = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
let landed = []; // entries that reached the server, and whose rows are about to come

/** Group the bubbles of one sender, also with the last message that has a row. */
function group(box) {
  const previous = [...document.querySelectorAll(".thread__messages [data-message]")].at(-1);
  if (previous) regroup(previous);
  const now = new Date();
  const isToday = previous && previous.closest(".day")?.dataset.day === day(now);
  if (isToday) delete box.dataset.newDay;
  else box.dataset.newDay = composer().dataset.today;
  const isRecent = isToday && now * 1e3 - place(previous)[0] < GROUP_WITHIN;
  const joined = isRecent && previous.dataset.group === box.firstElementChild?.dataset.group;
  if (joined) previous.classList.remove("message--last");
  for (const [index, bubble] of [...box.children].entries()) {
    bubble.classList.toggle("message--first", index === 0 && !joined);
    bubble.classList.toggle("message--last", index === box.childElementCount - 1);
  }
}

function redraw() {
  const thread = container();
  if (!thread || !composer()) return;
  const entries = [...landed, ...outbox.all()].filter(({ conversation }) => conversation === openConversation());
  const bubbles = entries.flatMap((entry) => entry.bubbles.map((bubble, index, all) => ({ entry, bubble, isLast: index === all.length - 1 })));
  const wanted = bubbles.filter(({ bubble }) => !hasRow(bubble));
  let box = thread.querySelector("[data-leaving]");
  if (!box && !wanted.length) return;
  box ??= Object.assign(document.createElement("div"), { className: "leaving", ariaLive: "off" });
  box.dataset.leaving = "";
  const drawn = [...box.children];
  const isSame = (old, { entry, bubble }) => old?.dataset.token === bubble.token && old.dataset.state === stateOf(entry);
  if (drawn.length !== wanted.length || wanted.some((one, index) => !isSame(drawn[index], one))) {
    box.replaceChildren(...wanted.map((one) => drawn.find((old) => isSame(old, one)) ?? draw(one.entry, one.bubble, one.isLast)));
  }
  if (!wanted.length) box.remove();
  else if (thread.lastElementChild !== box) thread.append(box);
  thread.querySelector("[data-none]")?.remove();
  group(box);
  scrollPosition.keep();
}

function press(button, entry) {
  const edit = button.matches("[data-edit]");
  if (button.matches("[data-again]")) outbox.again(entry);
  else if (edit && entry.dialog) emit("edit-dialog", entry);
  else {
    emit("taken-back", { entry, edit });
    outbox.remove(entry);
  }
}

on("inbox:landed", ({ detail }) => landed.push(detail));
// The row of what landed came with the changes, unless that part of the thread is not loaded.
on("inbox:changes", () => {
  redraw();
  landed = [];
});
on("inbox:leaving inbox:shown inbox:composer", redraw);
on("htmx:afterSettle", ({ target }) => target.id === "conversation" && redraw());
on("click", ({ target }) => {
  const button = target.closest("[data-leaving] :is([data-again], [data-edit], [data-delete])");
  const entry = button && outbox.all().find(({ token }) => token === button.closest("[data-press]").dataset.press);
  if (entry) press(button, entry);
});
redraw();
