// The open thread: puts new and changed messages in their place. The only script that touches its scroll position.
(() => {
  const GROUP = 5 * 60 * 1e6; // microseconds; inbox/bubbles.py draws groups by the same rule
  const scroller = () => document.querySelector(".thread__scroll");
  const place = (element) => element.dataset.place.split(",").map(Number);
  const later = (a, b) => place(a)[0] > place(b)[0] || (place(a)[0] === place(b)[0] && place(a)[1] > place(b)[1]);
  const atBottom = (scroll) => scroll.scrollTop > -40;
  const playing = (element) => [...element.querySelectorAll("audio, video")].some((media) => !media.paused && !media.loop);

  function regroup(element) {
    for (const one of [element, element.nextElementSibling]) {
      const before = one?.previousElementSibling;
      if (!one?.classList.contains("message")) continue;
      const beside = before?.classList.contains("message");
      const joined = beside && before.dataset.group === one.dataset.group && place(one)[0] - place(before)[0] < GROUP;
      one.classList.toggle("message--first", !joined);
      if (beside) before.classList.toggle("message--last", !joined);
    }
    if (!element.nextElementSibling?.classList.contains("message")) element.classList.add("message--last");
  }

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

  /** Put one message into its day. Returns whether it is new at the end of the thread. */
  function put(day, fresh) {
    const old = document.getElementById(fresh.id);
    if (old) return void replace(old, fresh);
    const before = [...day.querySelectorAll("[data-message]")].findLast((message) => later(fresh, message));
    const neighbour = before ?? day.querySelector(".day__name");
    albums.loosen(neighbour);
    neighbour.after(fresh);
    regroup(fresh);
    htmx.process(fresh);
    return !fresh.nextElementSibling && !day.nextElementSibling;
  }

  function dayOf(container, section) {
    const known = [...container.querySelectorAll(".day")];
    const found = known.find((day) => day.dataset.day === section.dataset.day);
    if (found) return found;
    const day = section.cloneNode(false);
    day.append(section.querySelector(".day__name"));
    const next = known.find((other) => other.dataset.day > day.dataset.day);
    const last = known.at(-1);
    if (next) next.before(day);
    else if (last) last.after(day);
    else container.append(day);
    return day;
  }

  /** Join days of messages to those shown. `page`: they continue the stretch; else only what is within it comes in. */
  function merge(sections, page) {
    const scroll = scroller();
    const container = scroll.querySelector(".thread__messages");
    const stay = !atBottom(scroll);
    const top = scroll.getBoundingClientRect().top;
    const shown = [...container.querySelectorAll("[data-message]")];
    const anchor = stay && shown.find((message) => message.getBoundingClientRect().bottom > top);
    const offset = anchor ? anchor.getBoundingClientRect().top : 0;
    const [hasOlder, hasNewer] = ["[data-older]", "[data-newer]"].map((end) => container.querySelector(end));
    const beyond = (fresh) => hasNewer || (hasOlder && shown[0] && later(shown[0], fresh));
    let added = 0;
    for (const section of sections) {
      for (const fresh of [...section.querySelectorAll("[data-message]")]) {
        const skipped = !page && !document.getElementById(fresh.id) && beyond(fresh);
        const atEnd = skipped ? hasNewer : put(dayOf(container, section), fresh);
        if (atEnd && fresh.matches(".message--inbound, .system-line")) added += 1;
      }
    }
    container.querySelector("[data-none]")?.remove();
    albums.form(container);
    const kept = anchor && document.getElementById(anchor.id);
    if (kept) scroll.scrollTop += kept.getBoundingClientRect().top - offset;
    else scroll.scrollTop = 0;
    if (!page) document.dispatchEvent(new CustomEvent("inbox:merged", { detail: { added, unseen: stay || Boolean(hasNewer) } }));
  }

  document.addEventListener("inbox:messages", ({ detail }) => merge(detail, true));
  document.addEventListener("inbox:newest", () => (scroller().scrollTop = 0));
  document.addEventListener("inbox:changes", ({ detail }) => {
    const [fresh, thread] = [detail.querySelector("[data-thread]"), document.querySelector("#thread")];
    if (!fresh || fresh.dataset.conversation !== thread?.dataset.conversation) return;
    // Before the messages: whoever hears that they are in place asks what there is to mark as read.
    Object.assign(thread.dataset, { changed: fresh.dataset.changed, unread: fresh.dataset.unread });
    merge(fresh.querySelectorAll(".day"), false);
    thread.querySelector("[data-foot]").replaceWith(fresh.querySelector("[data-foot]"));
  });
})();
