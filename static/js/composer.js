// The composer: Send takes what is written and hands it to leaving.js, which keeps it until the inbox has it.
(() => {
  const composer = () => document.querySelector("[data-composer]");
  const cards = (form, ...states) => states.some((state) => form.querySelector(`[data-card][data-state=${state}]`));
  const tell = (event, detail) => document.dispatchEvent(new CustomEvent(event, { detail }));

  function problem(sentence) {
    const line = composer()?.querySelector("[data-problem]");
    if (!line) return;
    line.querySelector("[data-problem-words]").textContent = sentence;
    line.hidden = !sentence;
  }

  /** What Send makes of the form: one bubble for the words, or one for each file with its caption. */
  function bubbles(form, text) {
    const bearer = inbox.captions.bearer(text);
    const drawn = inbox.captions.sendable().map((card) => {
      const words = card === bearer ? text : (card.querySelector("[data-caption]")?.value.trim() ?? "");
      const bubble = [...card.querySelectorAll("template[data-bubble]")].at(words ? -1 : 0).content.querySelector(".message");
      return { token: bubble.dataset.token, words, html: bubble.outerHTML };
    });
    if (text && !bearer) drawn.unshift({ token: form.elements.token.value, words: text });
    const quote = form.elements.quoted.value && form.querySelector("[data-quote-words] .quote");
    if (quote) drawn[0].quote = quote.outerHTML;
    return drawn;
  }

  function entry(form) {
    const text = form.elements.text.value.trim();
    const left = inbox.captions.refused().map((card) => card.dataset.card);
    const kept = ([name, value]) => !["files", "csrfmiddlewaretoken"].includes(name) && !(name === "upload" && left.includes(value));
    return {
      at: Date.now(),
      token: form.elements.token.value,
      conversation: composer().dataset.conversation,
      address: form.getAttribute("action"),
      fields: [...new FormData(form)].filter(kept),
      text,
      quoted: form.elements.quoted.value,
      uploads: inbox.captions.sendable().map((card) => card.dataset.card),
      bubbles: bubbles(form, text),
    };
  }

  /** The next message can be written at once. */
  function empty(form) {
    const { text, quoted, token } = form.elements;
    text.value = quoted.value = "";
    token.value = inbox.uuid();
    const [tray, left] = [form.querySelector("[data-tray]"), inbox.captions.refused()];
    tray.replaceChildren(...left);
    tray.hidden = !left.length;
    form.querySelector("[data-quote]").hidden = true;
    text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
  }

  /** ``others``: without the files that cannot be sent. */
  function send(form, { others = false } = {}) {
    const { text } = form.elements;
    problem("");
    if (!others && cards(form, "refused")) return form.querySelector("[data-remove-refused]").focus();
    if (cards(form, "uploading", "preparing")) {
      form.dataset.waiting = others ? "others" : "all";
      return inbox.captions.say();
    }
    if (!text.value.trim() && !inbox.captions.sendable().length) return text.focus();
    const leaving = entry(form);
    empty(form);
    inbox.captions.say();
    tell("inbox:sending", leaving);
    inbox.leaving.add(leaving);
    tell("inbox:newest");
  }

  // Faces are asked for by several events at once; one that was asked for earlier never replaces a later one.
  let [asked, shown] = [0, 0];

  /** Another face: the window closed or opened, while what is written is kept as the draft. */
  async function reload({ again = true } = {}) {
    const turn = (asked += 1);
    const { conversation } = composer().dataset;
    const address = `/conversations/${conversation}/compose/`;
    const flushed = new Promise((resolve) => tell("inbox:flush", resolve));
    await inbox.inOrder(() => flushed);
    const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
    const old = composer();
    if (!response?.ok || response.redirected || turn < shown || old?.dataset.conversation !== conversation) return;
    shown = turn;
    const fresh = inbox.elements(await response.text()).querySelector("[data-composer]");
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    htmx.process(fresh);
    tell("inbox:composer");
    if (focused) (fresh.querySelector("[data-words]") ?? fresh.querySelector("a, button"))?.focus();
    // Something was written while this was on its way.
    if (again && !inbox.draft.idle()) reload({ again: false });
  }

  /** What did not leave is a draft again; its files are still with the inbox. */
  async function giveBack({ fields, address, text, quoted, uploads }) {
    const form = document.querySelector("[data-answer]");
    if (form) {
      form.elements.text.value = [text, form.elements.text.value].filter(Boolean).join("\n");
      form.elements.quoted.value ||= quoted;
      form.elements.text.dispatchEvent(new Event("input", { bubbles: true }));
      form.elements.text.focus();
    } else {
      const body = new FormData();
      for (const [name, value] of fields) body.append(name, value);
      await inbox.inOrder(() => inbox.post(address.replace(/send\/$/, "draft/"), body));
    }
    if (!form || quoted || uploads.length) reload();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-answer]");
    if (!form) return;
    event.preventDefault();
    send(form);
  });
  document.addEventListener("inbox:ready", () => {
    const form = document.querySelector("[data-answer][data-waiting]");
    if (!form || cards(form, "uploading", "preparing")) return;
    const others = form.dataset.waiting === "others";
    delete form.dataset.waiting;
    send(form, { others });
  });
  document.addEventListener("inbox:send-others", () => send(document.querySelector("[data-answer]"), { others: true }));
  document.addEventListener("inbox:problem", ({ detail }) => problem(detail));
  document.addEventListener("inbox:taken-back", ({ detail: { entry: left, edit } }) => {
    if (edit) return giveBack(left);
    for (const id of left.uploads) inbox.post(`/uploads/${id}/discard/`, new FormData());
    tell("inbox:draft");
  });
  document.addEventListener("inbox:changes", () => {
    const face = composer()?.querySelector("[data-foot]")?.dataset.face;
    if (face && composer().dataset.face !== "unavailable" && face !== composer().dataset.face) reload();
  });
  document.addEventListener("inbox:window-closed", () => composer()?.dataset.face === "answer" && reload());
})();
