// Whose caption the words are: beside files they are the caption of the first that can have one, and the tray says so.
(() => {
  const LIMIT = 1024; // characters; whatsapp/limits.py says the same

  /** The card whose caption this text becomes; undefined when it leaves as a message of its own. */
  function bearer(form, text) {
    const first = form.querySelector("[data-card][data-captioned]:not([data-state=refused])");
    const own = first?.querySelector("[data-caption]")?.value.trim();
    return text && first && !own && [...text].length <= LIMIT ? first : undefined;
  }

  inbox.captionBearer = bearer;
})();
