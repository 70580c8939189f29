// Fields inside dialogs: those of the chosen kind of buttons, and the file in a header.
import { upload } from "./upload.js";

function choose(builder) {
  builder.dataset.type = builder.querySelector("[name=type]:checked").value;
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
  upload(target.files[0], { kind: box.dataset.kind, header: true, into, form: target.form });
  target.value = "";
  paint();
});
document.addEventListener("click", ({ target }) => {
  const offer = target.closest?.("[data-offer]");
  const field = offer?.form.elements[offer.dataset.offer];
  if (!field) return;
  field.value = offer.textContent;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-sections]") || target.checked) return;
  for (const field of target.closest("[data-builder]").querySelectorAll(".builder__section input")) field.value = "";
  target.dispatchEvent(new Event("input", { bubbles: true }));
});
document.addEventListener("input", ({ target }) => {
  const builder = target.closest?.("[data-builder]");
  if (builder) further(builder);
});
document.addEventListener("inbox:ready", () => {
  paint();
  // The preview has the file in its header from now on.
  document.querySelector("[data-header-tray]")?.dispatchEvent(new Event("input", { bubbles: true }));
});
document.addEventListener("htmx:afterSettle", paint);
new MutationObserver(() => document.querySelectorAll("[data-builder]").forEach(choose)).observe(
  document.querySelector("[data-page-dialog]"),
  { childList: true },
);
