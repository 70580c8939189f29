// Finds messages of the open thread by position, and marks groups of one sender.
import { GROUP_WITHIN } from "../page/rules.js";

export const scroller = () => document.querySelector(".thread__scroll");
export const container = () => document.querySelector(".thread__messages");
const numbers = (place) => place.split(",").map(Number);
export const compare = ([at, id], [otherAt, otherId]) => at - otherAt || id - otherId;
export const place = (message) => numbers(message.dataset.place);
export const playing = (element) => [...element.querySelectorAll("audio, video")].some((media) => !media.paused && !media.loop);
export const messagesOf = (part) => part.querySelectorAll("[data-message]");
export const partsOf = (day) => [...day.querySelectorAll(":scope > [data-part]")];
/** The positions of a part's first and last message, also while its messages are removed from the page. */
export const begins = (part) => numbers(part.dataset.from ?? messagesOf(part)[0]?.dataset.place ?? "0,0");
export const ends = (part) => numbers(part.dataset.to ?? [...messagesOf(part)].at(-1)?.dataset.place ?? "0,0");

/** The element before or after a message, across albums and parts. Null at the ends of a day, undefined if not loaded. */
function beside(element, way, edge) {
  const outer = element.closest(".album") ?? element;
  const found = element[way] ?? (outer === element ? null : outer[way]);
  if (found) return found.matches(".album") ? found[edge] : found;
  const part = outer.parentElement?.[way];
  if (!part?.matches("[data-part]")) return null;
  const last = part[edge] ?? undefined;
  return last?.matches(".album") ? last[edge] : last;
}
const before = (element) => beside(element, "previousElementSibling", "lastElementChild");
const after = (element) => beside(element, "nextElementSibling", "firstElementChild");

/** Update the groups that a message is in. */
export function regroup(element) {
  const next = after(element);
  for (const one of [element, next]) {
    const previous = one && before(one);
    if (!one?.classList.contains("message") || previous === undefined) continue;
    const beneath = previous?.classList.contains("message");
    const joined = beneath && previous.dataset.group === one.dataset.group && place(one)[0] - place(previous)[0] < GROUP_WITHIN;
    one.classList.toggle("message--first", !joined);
    if (beneath) previous.classList.toggle("message--last", !joined);
  }
  if (next !== undefined && !next?.classList.contains("message")) element.classList.toggle("message--last", true);
}
