// The open thread: puts new and changed messages in their place, in days and their parts.
(() => {
  const PART = 50; // messages that stay or leave the page together
  const { begins, compare, container, ends, messagesOf, partsOf, place, playing, regroup, scroller } = inbox.thread;

  function replace(old, fresh) {
    if (old.dataset.changed === fresh.dataset.changed) return;
    if (playing(old)) {
      const [meta, freshMeta] = [old, fresh].map((one) => one.querySelector(".message__meta"));
      return void (freshMeta && meta?.replaceWith(freshMeta)); // what plays goes on; only the ticks around it change
    }
    const focused = old.contains(document.activeElement);
    albums.loosen(old);
    old.replaceWith(fresh);
    regroup(fresh);
    htmx.process(fresh);
    if (focused) (fresh.querySelector("a, button") ?? scroller()).focus({ preventScroll: true });
  }

  function dayOf(section) {
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
    document.dispatchEvent(new CustomEvent("inbox:part", { detail: part }));
  }

  function newPart(day, fresh) {
    const part = Object.assign(document.createElement("div"), { className: "day__part" });
    part.dataset.part = "";
    part.append(fresh);
    addPart(day, part);
  }

  /** Put one message into its day. Returns whether it is in the page now, where it was not before. */
  function put(day, fresh) {
    const parts = partsOf(day);
    const part = parts.findLast((one) => compare(begins(one), place(fresh)) <= 0) ?? parts[0];
    const atEnd = part && compare(place(fresh), ends(part)) > 0;
    const away = part && "from" in part.dataset;
    if (away && !(atEnd && part === parts.at(-1))) {
      // It comes with its part when that comes back.
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

  /** A further stretch: whole parts, without what is in the page already. */
  function join(sections) {
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

  /** Changes: what is in the page is replaced, and what belongs between its ends comes in. */
  function merge(sections) {
    const [older, newer] = ["[data-older]", "[data-newer]"].map((end) => container().querySelector(end));
    const first = older && container().querySelector("[data-part]");
    const start = first && begins(first);
    const last = [...container().querySelectorAll("[data-part]")].at(-1);
    const end = last ? ends(last) : [0, 0];
    const added = [];
    for (const section of sections) {
      for (const fresh of section.querySelectorAll("[data-message]")) {
        const old = document.getElementById(fresh.id);
        const isNew = compare(place(fresh), end) > 0 && fresh.matches(".message--inbound, .system-line");
        if (old) replace(old, fresh);
        else if (newer && compare(place(fresh), end) > 0) isNew && added.push(undefined);
        else if (start && compare(place(fresh), start) < 0) continue;
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
    // Before the messages: whoever hears that they are in place asks what there is to mark as read.
    Object.assign(thread.dataset, { changed: fresh.dataset.changed, unread: fresh.dataset.unread });
    const added = merge(fresh.querySelectorAll(".day"));
    thread.querySelector("[data-foot]").replaceWith(fresh.querySelector("[data-foot]"));
    const unseen = !inbox.place.atEnd();
    inbox.place.keep();
    document.dispatchEvent(new CustomEvent("inbox:merged", { detail: { added: added.length, first: added[0], unseen } }));
  });

  inbox.thread.join = join;
})();
