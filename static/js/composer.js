// The composer: Send makes messages of what is written, and the thread shows them; what cannot be sent stays written.
(() => {
  const composer = () => document.querySelector("[data-composer]");
  const cards = (form, ...states) => states.some((state) => form.querySelector(`[data-card][data-state=${state}]`));

  function problem(sentence, scope = composer()) {
    const line = scope?.querySelector("[data-problem]");
    if (!line) return;
    line.querySelector("[data-problem-words]").textContent = sentence;
    line.hidden = !sentence;
  }

  /** Empty the form at once, so that the next message can be written; gives the way back. */
  function take(form) {
    const { text, quoted, token } = form.elements;
    const tray = form.querySelector("[data-tray]");
    const kept = { text: text.value, quoted: quoted.value, token: token.value, cards: [...tray.children] };
    const quote = form.querySelector("[data-quote]");
    const hidden = quote.hidden;
    text.value = quoted.value = "";
    token.value = inbox.uuid();
    tray.replaceChildren();
    tray.hidden = quote.hidden = true;
    text.dispatchEvent(new CustomEvent("inbox:resize", { bubbles: true }));
    return () => {
      text.value = [kept.text, text.value].filter(Boolean).join("\n");
      quoted.value ||= kept.quoted;
      token.value = kept.token;
      tray.prepend(...kept.cards);
      tray.hidden = !tray.children.length;
      quote.hidden = hidden;
      text.dispatchEvent(new Event("input", { bubbles: true }));
    };
  }

  async function send(form) {
    const { text } = form.elements;
    problem("");
    if (cards(form, "refused")) return problem("A file cannot be sent as it is: remove it, or send it as a document.");
    if (cards(form, "uploading", "preparing")) return void (form.dataset.waiting = "true");
    if (!text.value.trim() && !form.querySelector("[data-card]")) return text.focus();
    const body = new FormData(form);
    body.delete("files");
    const giveBack = take(form);
    document.dispatchEvent(new CustomEvent("inbox:sending"));
    const answer = await inbox.inOrder(() => inbox.post(form.getAttribute("action"), body));
    if (answer.ok) return document.dispatchEvent(new CustomEvent("inbox:newest"));
    giveBack();
    problem(answer.sentence);
    if (answer.reason === "window_closed") reload();
  }

  /** Another face: the window closed or opened, while what is written is kept as the draft. */
  async function reload() {
    const old = composer();
    const address = `/conversations/${old.dataset.conversation}/compose/`;
    const flushed = new Promise((resolve) => document.dispatchEvent(new CustomEvent("inbox:flush", { detail: resolve })));
    await inbox.inOrder(() => flushed);
    const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => undefined);
    if (!response?.ok || response.redirected || composer() !== old) return;
    const fresh = inbox.elements(await response.text()).querySelector("[data-composer]");
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    htmx.process(fresh);
    document.dispatchEvent(new CustomEvent("inbox:composer"));
    if (focused) (fresh.querySelector("[data-words]") ?? fresh.querySelector("a, button"))?.focus();
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
    delete form.dataset.waiting;
    send(form);
  });
  document.addEventListener("inbox:problem", ({ detail }) => problem(detail));
  document.addEventListener("inbox:changes", () => {
    const face = composer()?.querySelector("[data-foot]")?.dataset.face;
    if (face && composer().dataset.face !== "unavailable" && face !== composer().dataset.face) reload();
  });
  document.addEventListener("inbox:window-closed", () => composer()?.dataset.face === "answer" && reload());
})();
