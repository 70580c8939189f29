// Puts messages into their day of the thread, in parts that leave and enter the page together.
import { emit } from "../page/events.js";
import * as albums from "./albums.js";
import { begins, compare, container, ends, messagesOf, partsOf, place, regroup } from "./messages.js";

const PART = 50; // messages of a part

export function dayOf(section) {
  const known = [...container().querySelectorAll(":scope > .day")];
  const found = known.findLast((day) => day.dataset.day === section.dataset.day);
  if (found) return found;
  const day = section.cloneNode(false);
  day.append(section.querySelector(".day__name").cloneNode(true));
  const previous = known.findLast((other) => other.dataset.day < day.dataset.day);
  const older = container().querySelector("[data-older]")?.parentElement;
  if (previous ?? older) (previous ?? older).after(day);
  else container().prepend(day);
  return day;
}

function addPart(day, part) {
  const previous = partsOf(day).findLast((other) => compare(begins(other), begins(part)) < 0);
  (previous ?? day.querySelector(".day__name")).after(part);
  emit("part", part);
}

function newPart(day, fresh) {
  const part = Object.assign(document.createElement("div"), { className: "day__part" });
  part.dataset.part = "";
  part.append(fresh);
  addPart(day, part);
}

/** Insert a message into its day. Returns whether it is in the page now. */
export function put(day, fresh) {
  const parts = partsOf(day);
  const part = parts.findLast((one) => compare(begins(one), place(fresh)) <= 0) ?? parts[0];
  const atEnd = part && compare(place(fresh), ends(part)) > 0;
  const away = part && "from" in part.dataset;
  if (away && !(atEnd && part === parts.at(-1))) {
    // It is loaded with its part.
    if (atEnd) part.dataset.to = fresh.dataset.place;
    else if (compare(place(fresh), begins(part)) < 0) part.dataset.from = fresh.dataset.place;
    part.dataset.stale = "";
    return false;
  }
  if (!part || away || (atEnd && messagesOf(part).length >= PART)) newPart(day, fresh);
  else {
    const previous = [...messagesOf(part)].findLast((message) => compare(place(fresh), place(message)) > 0);
    albums.loosen(previous ?? messagesOf(part)[0]);
    if (previous) previous.after(fresh);
    else part.prepend(fresh);
  }
  regroup(fresh);
  htmx.process(fresh);
  return true;
}

/** Insert whole parts, without messages that are in the page already. */
export function join(sections) {
  for (const section of sections) {
    const day = dayOf(section);
    for (const part of partsOf(section)) {
      for (const message of messagesOf(part)) {
        if (!document.getElementById(message.id)) continue;
        albums.loosen(message);
        message.remove();
      }
      const messages = messagesOf(part);
      if (!messages.length) continue;
      addPart(day, part);
      regroup(messages[0]);
      regroup(messages[messages.length - 1]);
      htmx.process(part);
    }
  }
  container().querySelector("[data-none]")?.remove();
}
