// Ways to a place in the thread: quotes, finds, dates, the first new message, the newest; and the way back.
(() => {
  const STAY = 4000; // milliseconds that what one came for is marked
  const hash = (link) => link.hash.slice(1);
  const thread = () => document.querySelector("#thread");
  const button = () => document.querySelector("[data-back]");
  let origin;

  function mark(message, { words = "", focus = true } = {}) {
    document.querySelector(".message--jumped-to")?.classList.remove("message--jumped-to");
    // The fifth picture of an album is not seen: the album is.
    const shown = message.checkVisibility() ? message : (message.closest(".album") ?? message);
    shown.classList.add("message--jumped-to");
    inbox.underline(message, words);
    inbox.place.show(shown);
    if (focus) {
      message.tabIndex = -1;
      message.focus({ preventScroll: true });
    }
    setTimeout(() => shown.classList.remove("message--jumped-to"), STAY);
  }

  /** Where one reads now, for the way back. */
  function leave() {
    const reading = inbox.place.reading();
    origin = { conversation: thread().dataset.conversation, id: inbox.place.atEnd() ? "" : reading?.id, top: reading?.top };
  }

  async function to(id, options) {
    leave();
    if (!document.getElementById(id) && !(await inbox.stretch(`?at=${id.replace("message-", "")}`))) return;
    const message = document.getElementById(id);
    if (!message) return;
    mark(message, options);
    button().hidden = false;
    document.dispatchEvent(new CustomEvent("inbox:jumped"));
  }

  async function toDate(form) {
    const date = form.elements.on.value;
    leave();
    if (!date || !(await inbox.stretch(`?on=${date}`))) return;
    const days = [...inbox.thread.container().querySelectorAll(".day")];
    const message = (days.find((day) => day.dataset.day >= date) ?? days.at(-1))?.querySelector("[data-message]");
    form.closest("details").open = false;
    if (message) mark(message);
    button().hidden = false;
    document.dispatchEvent(new CustomEvent("inbox:jumped"));
  }

  async function toNewest() {
    if (document.querySelector("[data-newer]") && !(await inbox.stretch(""))) return;
    inbox.place.toEnd();
    document.dispatchEvent(new CustomEvent("inbox:jumped"));
  }

  async function back() {
    const { id, top } = origin;
    button().hidden = true;
    document.querySelector(".thread__scroll").focus({ preventScroll: true });
    if (!id) return toNewest();
    if (!document.getElementById(id) && !(await inbox.stretch(`?at=${id.replace("message-", "")}`))) return;
    if (document.getElementById(id)) inbox.place.show(document.getElementById(id), top);
    document.dispatchEvent(new CustomEvent("inbox:jumped"));
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-jump], [data-back], [data-pill]");
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey || !thread()?.dataset.conversation) return;
    if (target.matches("[data-jump]") && target.pathname !== `/conversations/${thread().dataset.conversation}/`) return;
    event.preventDefault();
    if (target.matches("[data-back]")) return void back();
    if (target.matches("[data-pill]")) return void toNewest();
    if (target.matches("[data-above]")) target.remove();
    to(hash(target), { words: target.dataset.find, focus: !target.dataset.find });
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-to-date]")) return;
    event.preventDefault();
    toDate(event.target);
  });
  // What one sent stands at the end, wherever one reads.
  document.addEventListener("inbox:newest", toNewest);

  const target = location.hash.startsWith("#message-") && document.getElementById(location.hash.slice(1));
  if (target) mark(target);
})();
