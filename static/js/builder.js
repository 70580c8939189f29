// Inside the dialogs: the fields of the chosen kind of buttons, and the file of a template's header.
(() => {
  function choose(builder) {
    const type = builder.querySelector("[name=type]:checked").value;
    builder.dataset.type = type;
    for (const part of builder.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(type);
    further(builder);
  }

  /** Rows of a list beyond the third, one more than are filled in. */
  function further(builder) {
    const rows = [...builder.querySelectorAll(".builder__row")];
    const filled = rows.findLastIndex((row) => [...row.querySelectorAll("input")].some((field) => field.value));
    rows.forEach((row, index) => (row.hidden = index > Math.max(2, filled + 1)));
  }

  function paint() {
    const [slot, picture] = ["[data-header-slot]", "[data-header-tray] [data-thumb] img"].map((one) => document.querySelector(one));
    if (!slot || !picture) return;
    const shown = Object.assign(new Image(), { src: picture.src, alt: "", className: "picture__image" });
    slot.replaceChildren(shown);
  }

  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-builder] [name=type]")) choose(target.closest("[data-builder]"));
    const box = target.closest("[data-header-file]");
    if (!box || !target.files?.length) return;
    const into = box.querySelector("[data-header-tray]");
    into.replaceChildren();
    inbox.upload(target.files[0], { kind: box.dataset.kind, header: true, into, form: target.form });
    target.value = "";
    paint();
  });
  document.addEventListener("input", ({ target }) => {
    const builder = target.closest?.("[data-builder]");
    if (builder) further(builder);
  });
  document.addEventListener("inbox:ready", paint);
  document.addEventListener("htmx:afterSettle", paint);
  new MutationObserver(() => document.querySelectorAll("[data-builder]").forEach(choose)).observe(
    document.querySelector("[data-page-dialog]"),
    { childList: true },
  );
})();
