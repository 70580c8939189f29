// Another stretch of the open thread in place of what is shown: around a message, from a day on, or the newest.
(() => {
  /** Resolves to whether it came; says so if not. */
  inbox.stretch = async (query) => {
    const { conversation } = document.querySelector("#thread").dataset;
    const response = await fetch(`/conversations/${conversation}/messages/${query}`).catch(() => undefined);
    if (response?.redirected) location.reload();
    const html = response?.ok && !response.redirected ? await response.text().catch(() => "") : "";
    if (document.querySelector("#thread")?.dataset.conversation !== conversation) return false;
    if (!html) {
      const sentence = response?.status === 404 ? "That message is not here any more." : "That part of the thread did not load. Try it again.";
      document.dispatchEvent(new CustomEvent("inbox:problem", { detail: sentence }));
      return false;
    }
    inbox.quietly(() => inbox.thread.container().replaceChildren(...inbox.elements(html).childNodes));
    htmx.process(inbox.thread.container());
    document.dispatchEvent(new CustomEvent("inbox:drawn"));
    document.dispatchEvent(new CustomEvent("inbox:shown"));
    inbox.readAt(response.headers.get("Cursor"));
    return true;
  };
})();
