// Drafts: what is written is kept on the server while one writes, and "typing…" is told to the customer.
(() => {
  const PAUSE = 600; // after the last key
  const TYPING = 20_000; // WhatsApp shows it for 25 seconds
  let timer;
  let dirty;
  let typed = 0;
  let refused = false; // the last draft did not reach the server
  const UNSAVED = "unsaved-words";

  function save(keepalive = false) {
    clearTimeout(timer);
    const form = dirty;
    dirty = undefined;
    if (!form) return Promise.resolve();
    const body = new FormData(form);
    body.delete("files");
    const keep = async () => {
      const answer = await inbox.post(form.dataset.draft, body, { keepalive });
      if (answer.token && !dirty) form.elements.token.value = answer.token;
      refused = !answer.ok;
      if (refused) dirty ??= form;
    };
    return keepalive ? keep() : inbox.inOrder(keep);
  }

  /** Say in the list what is not sent; inbox/marks.py says the same when the page is read again. */
  function mark(form) {
    const line = document.querySelector(`#conversation-${form.closest("[data-composer]").dataset.conversation}-row [data-row-draft]`);
    if (!line) return;
    const words = form.elements.text.value.trim().slice(0, 120) || (form.querySelector("[data-card]") ? "files" : "");
    line.lastElementChild.textContent = words;
    line.hidden = !words;
  }

  function changed(form) {
    mark(form);
    dirty = form;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  function typing(form) {
    if (Date.now() - typed < TYPING || !form.elements.text.value.trim()) return;
    typed = Date.now();
    inbox.post(form.dataset.typing, new FormData());
  }

  /** What the server could not take waits in this tab for the same person, who signs in again or reads the page again. */
  function keepHere() {
    const form = document.querySelector("[data-answer]");
    const words = form?.elements.text.value;
    const { agent } = document.querySelector(".app").dataset;
    if (words) sessionStorage.setItem(UNSAVED, JSON.stringify({ agent, address: form.dataset.draft, words }));
  }
  function takeBack() {
    const kept = JSON.parse(sessionStorage.getItem(UNSAVED));
    const form = document.querySelector("[data-answer]");
    const same = kept?.agent === document.querySelector(".app").dataset.agent;
    if (!kept || (same && form?.dataset.draft !== kept.address)) return;
    sessionStorage.removeItem(UNSAVED);
    if (!same || form.elements.text.value === kept.words) return;
    form.elements.text.value = kept.words;
    form.elements.text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
    changed(form);
  }

  document.addEventListener("input", ({ target }) => {
    const form = target.closest("[data-answer]");
    if (!form || target.matches("[data-files]")) return;
    changed(form);
    if (target.matches("[data-words]")) typing(form);
  });
  document.addEventListener("inbox:draft", () => changed(document.querySelector("[data-answer]")));
  document.addEventListener("inbox:ready", () => {
    const form = document.querySelector("[data-answer]");
    if (form) mark(form);
  });
  // What is sent is no draft any more.
  document.addEventListener("inbox:sending", () => {
    clearTimeout(timer);
    dirty = undefined;
    typed = 0;
  });
  document.addEventListener("inbox:flush", ({ detail }) => save().then(detail));
  document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.target?.id === "conversation" && save());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save(true));
  document.addEventListener("inbox:signed-out", () => (refused = true));
  document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "conversation" && takeBack());
  window.addEventListener("pagehide", () => {
    if (refused) keepHere();
    save(true);
  });
  document.addEventListener("DOMContentLoaded", takeBack);
})();
