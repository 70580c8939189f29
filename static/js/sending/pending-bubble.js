// Draws a message that has no row on the server yet, from the server's own template.
import { gettext, interpolate, language } from "../i18n.js";
import { elements } from "../page/requests.js";
import { markup } from "./markup.js";

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const copy = (name) => document.querySelector(`[data-composer] template[data-${name}]`).content.firstElementChild.cloneNode(true);
/** Reasons that Send again cannot help. */
const FINAL = ["session", "files", "fields"];

/** What decides how an entry's outcome is shown, to tell when it has to be drawn again. */
export function stateOf(entry) {
  const waits = !entry.problem && (entry.waits || !navigator.onLine);
  return JSON.stringify([entry.problem, entry.reason, waits, entry.files && entry.doing]);
}

/** The line under a bubble: what its message waits for, or why it was not sent. */
function outcome(entry) {
  const [problem, reason, waits, doing] = JSON.parse(stateOf(entry));
  if (doing) {
    const line = copy("held");
    line.querySelector("[data-why]").textContent = doing;
    if (waits) line.firstElementChild.replaceWith(...copy("waits").children);
    return line;
  }
  if (waits) return copy("waits");
  if (!problem) return "";
  const line = copy("not-sent");
  line.querySelector("[data-why]").textContent = interpolate(gettext("Not sent. %(reason)s"), { reason: problem });
  line.querySelector("[data-sign-in]").hidden = reason !== "session";
  line.querySelector("[data-again]").hidden = FINAL.includes(reason);
  return line;
}

/** Show the picture as this browser has it, while the server has none or cannot be reached. */
function showPicture(drawn, source) {
  const [placeholder, existing] = [drawn.querySelector(".media-state"), drawn.querySelector(".picture__image")];
  const image = existing ?? Object.assign(new Image(320, 240), { className: "picture__image", alt: gettext("Photo") });
  const fallback = image.getAttribute("src");
  if (fallback) image.addEventListener("error", () => (image.src = fallback), { once: true });
  image.src = source;
  if (!placeholder) return;
  const frame = Object.assign(document.createElement("span"), { className: "picture" });
  frame.append(image);
  placeholder.replaceWith(frame);
}

/** The bubble of one message of an entry; the last of an entry says how it is going. */
export function draw(entry, bubble, isLast) {
  const drawn = bubble.html ? elements(bubble.html).firstElementChild : copy("stand-in");
  for (const name of ["message", "place", "changed", "tile"]) delete drawn.dataset[name];
  drawn.removeAttribute("id");
  Object.assign(drawn.dataset, { token: bubble.token, press: entry.token, state: stateOf(entry) });
  const [text, meta] = ["text", "meta"].map((part) => drawn.querySelector(`.message__${part}`));
  if (bubble.text) text.replaceChildren(...elements(markup(bubble.text)).childNodes, meta);
  if (bubble.preview) showPicture(drawn, bubble.preview);
  const at = new Date(entry.at);
  Object.assign(drawn.querySelector("time"), { dateTime: at.toISOString(), textContent: clock.format(at), title: "" });
  if (bubble.quote) drawn.querySelector(".message__bubble").prepend(elements(bubble.quote).firstElementChild);
  if (entry.problem) drawn.querySelector(".tick")?.replaceWith(copy("failed-tick"));
  if (isLast) drawn.append(outcome(entry));
  return drawn;
}
