// Messages on their way to the inbox, at the end of their thread: drawn from the template of a message, until their rows are here.
import { emit, on } from "../page/events.js";
import { elements } from "../page/requests.js";
import { markup } from "./markup.js";
import * as outbox from "./outbox.js";
import { container, place, regroup } from "../thread/messages.js";
import * as scrollPosition from "../thread/scroll-position.js";

const GROUP = 5 * 60 * 1e3; // milliseconds; inbox/web/presenters/message.py draws groups by the same rule
const composer = () => document.querySelector("[data-composer]");
const open = () => document.querySelector("#thread")?.dataset.conversation;
const inThread = (token) => document.querySelector(`[data-message][data-token="${token}"]`);
const copy = (name) => composer().querySelector(`template[data-${name}]`).content.firstElementChild.cloneNode(true);
const two = (number) => String(number).padStart(2, "0");
const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
let landed = []; // reached the inbox; their rows are about to come

function state(entry) {
  const waits = !entry.problem && (entry.waits || !navigator.onLine);
  return JSON.stringify([entry.problem, entry.reason, waits, entry.files && entry.doing]);
}

function outcome(entry) {
  const [problem, reason, waits, doing] = JSON.parse(state(entry));
  if (doing) {
    const line = copy("held");
    line.querySelector("[data-why]").textContent = doing;
    if (waits) line.firstElementChild.replaceWith(...copy("waits").children);
    return line;
  }
  if (waits) return copy("waits");
  if (!problem) return "";
  const line = copy("not-sent");
  line.querySelector("[data-why]").textContent = `Not sent. ${problem}`;
  line.querySelector("[data-sign-in]").hidden = reason !== "session";
  line.querySelector("[data-again]").hidden = ["session", "files", "fields"].includes(reason);
  return line;
}

/** The picture as this browser has it, where the inbox has none yet or cannot be reached. */
function preview(drawn, source) {
  const [none, there] = [drawn.querySelector(".media-state"), drawn.querySelector(".picture__image")];
  const image = there ?? Object.assign(new Image(320, 240), { className: "picture__image", alt: "Photo" });
  const theirs = image.getAttribute("src");
  if (theirs) image.addEventListener("error", () => (image.src = theirs), { once: true });
  image.src = source;
  if (!none) return;
  const frame = Object.assign(document.createElement("span"), { className: "picture" });
  frame.append(image);
  none.replaceWith(frame);
}

function bubble(entry, one, last) {
  const drawn = one.html ? elements(one.html).firstElementChild : copy("stand-in");
  for (const name of ["message", "place", "changed", "tile"]) delete drawn.dataset[name];
  drawn.removeAttribute("id");
  Object.assign(drawn.dataset, { token: one.token, press: entry.token, state: state(entry) });
  const [words, meta] = [".message__text", ".message__meta"].map((part) => drawn.querySelector(part));
  if (one.words) words.replaceChildren(...elements(markup(one.words)).childNodes, meta);
  if (one.preview) preview(drawn, one.preview);
  const [time, at] = [drawn.querySelector("time"), new Date(entry.at)];
  Object.assign(time, { dateTime: at.toISOString(), textContent: `${two(at.getHours())}:${two(at.getMinutes())}`, title: "" });
  if (one.quote) drawn.querySelector(".message__bubble").prepend(elements(one.quote).firstElementChild);
  if (entry.problem) drawn.querySelector(".tick")?.replaceWith(copy("failed-tick"));
  if (last) drawn.append(outcome(entry));
  return drawn;
}

/** Bubbles of one sender stand together, also across the edge between what has rows and what has none. */
function group(box) {
  const previous = [...document.querySelectorAll(".thread__messages [data-message]")].at(-1);
  if (previous) regroup(previous);
  const now = new Date();
  const today = previous && previous.closest(".day")?.dataset.day === day(now);
  if (today) delete box.dataset.newDay;
  else box.dataset.newDay = composer().dataset.today;
  const recent = today && now - place(previous)[0] / 1e3 < GROUP;
  const joined = recent && previous.dataset.group === box.firstElementChild?.dataset.group;
  if (joined) previous.classList.remove("message--last");
  for (const [index, one] of [...box.children].entries()) {
    one.classList.toggle("message--first", index === 0 && !joined);
    one.classList.toggle("message--last", index === box.childElementCount - 1);
  }
}

function draw() {
  const thread = container();
  if (!thread || !composer()) return;
  const entries = [...landed, ...outbox.all()].filter(({ conversation }) => conversation === open());
  const shown = entries.flatMap((entry) => entry.bubbles.map((one, index, all) => [entry, one, index === all.length - 1]));
  const wanted = shown.filter(([, one]) => !inThread(one.token));
  let box = thread.querySelector("[data-leaving]");
  if (!box && !wanted.length) return;
  box ??= Object.assign(document.createElement("div"), { className: "leaving", ariaLive: "off" });
  box.dataset.leaving = "";
  const there = [...box.children];
  const same = (drawn, [entry, one]) => drawn?.dataset.token === one.token && drawn.dataset.state === state(entry);
  if (there.length !== wanted.length || wanted.some((one, index) => !same(there[index], one))) {
    box.replaceChildren(...wanted.map((one) => there.find((drawn) => same(drawn, one)) ?? bubble(...one)));
  }
  if (!wanted.length) box.remove();
  else if (thread.lastElementChild !== box) thread.append(box);
  thread.querySelector("[data-none]")?.remove();
  group(box);
  scrollPosition.keep();
}

document.addEventListener("inbox:landed", ({ detail }) => landed.push(detail));
// What landed was drawn with the changes, unless its part of the thread is not loaded.
document.addEventListener("inbox:changes", () => {
  draw();
  landed = [];
});
on("inbox:leaving inbox:shown inbox:composer", draw);
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && draw());
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-leaving] :is([data-again], [data-edit], [data-delete])");
  const entry = button && outbox.all().find(({ token }) => token === button.closest("[data-press]").dataset.press);
  if (!entry) return;
  if (button.matches("[data-again]")) return outbox.again(entry);
  if (button.matches("[data-edit]") && entry.dialog) return emit("edit-dialog", entry);
  emit("taken-back", { entry, edit: button.matches("[data-edit]") });
  outbox.remove(entry);
});
draw();
