// Applies changes to the open thread: replaces changed messages and adds new ones.
import { emit } from "../page/events.js";
import * as albums from "./albums.js";
import { begins, compare, container, ends, place, playing, regroup } from "./messages.js";
import { dayOf, put } from "./placement.js";
import * as scrollPosition from "./scroll-position.js";

const FOCUSED = ":is(a, button, input, summary):not(.message__actions *)";

function replace(old, fresh) {
  if (old.dataset.changed === fresh.dataset.changed) return;
  if (playing(old)) {
    old.dataset.place = fresh.dataset.place;
    const [meta, freshMeta] = [old, fresh].map((one) => one.querySelector(".message__meta"));
    return void (freshMeta && meta?.replaceWith(freshMeta)); // keep playing; only time and ticks change
  }
  const within = [...old.querySelectorAll(FOCUSED)].indexOf(document.activeElement);
  const focused = old.contains(document.activeElement);
  albums.loosen(old);
  old.replaceWith(fresh);
  regroup(fresh);
  htmx.process(fresh);
  if (!focused) return;
  fresh.tabIndex = -1;
  (fresh.querySelectorAll(FOCUSED)[within] ?? fresh).focus({ preventScroll: true });
}

/** Replace messages that are loaded, and insert those that belong between the loaded ends. Returns the new ones. */
function merge(sections) {
  const [older, newer] = ["[data-older]", "[data-newer]"].map((end) => container().querySelector(end));
  const first = older && container().querySelector("[data-part]");
  const start = first && begins(first);
  const last = [...container().querySelectorAll("[data-part]")].at(-1);
  const end = last ? ends(last) : [0, 0];
  const added = [];
  // Replace first: a message that arrived late may have moved others by a microsecond.
  for (const section of sections) {
    for (const fresh of section.querySelectorAll("[data-message]")) {
      const old = document.getElementById(fresh.id);
      if (old) replace(old, fresh);
    }
  }
  for (const section of sections) {
    for (const fresh of section.querySelectorAll("[data-message]")) {
      if (document.getElementById(fresh.id)) continue;
      const isNew = compare(place(fresh), end) > 0 && fresh.matches(".message--inbound, .system-line");
      if (newer && compare(place(fresh), end) > 0) {
        if (isNew) added.push(undefined);
      } else if (start && compare(place(fresh), start) < 0) continue;
      else if (put(dayOf(section), fresh) && isNew) added.push(fresh);
    }
  }
  container().querySelector("[data-none]")?.remove();
  albums.form(container());
  return added;
}

document.addEventListener("inbox:changes", ({ detail }) => {
  const [fresh, thread] = [detail.querySelector("[data-thread]"), document.querySelector("#thread")];
  if (!fresh || fresh.dataset.conversation !== thread?.dataset.conversation) return;
  // Set before the messages are inserted: listeners then check what to mark as read.
  Object.assign(thread.dataset, { changed: fresh.dataset.changed, unread: fresh.dataset.unread });
  const added = merge(fresh.querySelectorAll(".day"));
  thread.querySelector("[data-foot]").replaceWith(fresh.querySelector("[data-foot]"));
  const unseen = !scrollPosition.atEnd();
  scrollPosition.keep();
  emit("merged", { added: added.length, first: added[0], unseen });
});
