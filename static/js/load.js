// What the first page does without: files that come when somebody is about to use them, named in this script's own tag.
(() => {
  const tag = document.currentScript;
  const USES = {
    lightbox: "[data-lightbox], .album [data-video]",
    film: "[data-video]",
    dialog: "[data-dialog]",
    emoji: "button[data-emoji]:not(emoji-picker *), [data-react]",
    recorder: "[data-record]",
  };
  const EVENTS = { "inbox:palette": "keys", "inbox:help": "keys", "inbox:edit-dialog": "dialog" };
  const coming = {};
  const here = new Set();
  let pressed;

  function style(address) {
    return new Promise((resolve, reject) => {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
      link.addEventListener("load", resolve);
      link.addEventListener("error", () => reject(link.remove()));
      document.head.append(link);
    });
  }

  function file(address) {
    coming[address] ??= (address.endsWith(".css") ? style(address) : import(address)).catch((error) => {
      delete coming[address]; // whoever presses again asks again
      throw error;
    });
    return coming[address];
  }

  /** Resolves once all files of a use are in the page; rejects when one does not come. */
  const load = (name) => Promise.all(tag.getAttribute(`data-files-${name}`).split(" ").map(file)).then(() => here.add(name));

  function missing(link) {
    const say = () => document.dispatchEvent(new CustomEvent("inbox:problem", { detail: "This part of the inbox did not load. Check the connection, then try it again." }));
    if (!link?.href) return say();
    // What this page cannot do, a page of its own can, unless it is the connection that is missing.
    fetch(link.href, { method: "HEAD" }).then(() => location.assign(link.href), say);
  }

  /** The use that a press on this element is, where its files are not here, and the element. */
  function use(element) {
    for (const [name, selector] of Object.entries(USES)) {
      const target = element.closest?.(selector);
      if (target) return here.has(name) ? [] : [name, target];
    }
    return [];
  }

  for (const event of ["pointerover", "focusin"]) {
    document.addEventListener(event, ({ target }) => use(target)[0] && load(use(target)[0]).catch(() => {}));
  }
  document.addEventListener(
    "click",
    (event) => {
      const [name, target] = use(event.target);
      if (!name || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (pressed === target) return; // twice, out of impatience
      pressed = target;
      load(name)
        .then(() => pressed === target && target.click(), () => missing(target))
        .finally(() => (pressed = undefined));
    },
    true,
  );
  for (const [event, name] of Object.entries(EVENTS)) {
    document.addEventListener(event, ({ detail }) => {
      if (!here.has(name)) load(name).then(() => document.dispatchEvent(new CustomEvent(event, { detail })), () => missing());
    });
  }

  // Buttons that are nothing without a script.
  function offer() {
    for (const button of document.querySelectorAll("button[data-emoji][hidden], [data-record][hidden]")) {
      button.hidden = button.matches("[data-record]") && !(navigator.mediaDevices && window.MediaRecorder);
    }
  }
  for (const event of ["htmx:afterSettle", "inbox:composer"]) document.addEventListener(event, offer);
  offer();
})();
