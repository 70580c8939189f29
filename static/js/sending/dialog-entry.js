// Turns a dialog's form into an entry of the outbox, with the bubble that the server drew as its preview.
import { uuid } from "../page/requests.js";

const composer = () => document.querySelector("[data-composer]");
const unready = (form) => form.querySelector("[data-header-tray] [data-state=uploading], [data-header-tray] [data-state=preparing], [data-header-tray] [data-state=refused]");

/** Whether nothing is known to be missing. Otherwise the dialog stays open and shows what is. */
export function complete(form) {
  const preview = form.querySelector("[data-preview]");
  if ([...form.elements].some(({ validity }) => validity.valueMissing) || unready(form)) return false;
  return !preview || "stale" in preview.dataset || !("incomplete" in preview.dataset);
}

/** The card of a location or contact, filled in from the fields. */
function card(form) {
  const template = form.querySelector("template[data-card]");
  const filled = template.content.cloneNode(true);
  for (const part of filled.querySelectorAll("[data-from]")) {
    const words = part.dataset.from.split(" ").map((name) => form.elements[name].value.trim());
    part.textContent = words.filter(Boolean).join(", ");
    if (!part.textContent) (part.closest(".media-card__facts") ?? part).remove();
  }
  return [filled, template.dataset.card];
}

function bubble(form) {
  const preview = form.querySelector("[data-preview]");
  if (preview && !("stale" in preview.dataset)) return preview.querySelector("template[data-bubble]").innerHTML;
  const drawn = composer().querySelector("template[data-stand-in]").content.firstElementChild.cloneNode(true);
  const [box, text, meta] = ["bubble", "text", "meta"].map((part) => drawn.querySelector(`.message__${part}`));
  if (preview) text.replaceChildren(form.elements.text?.value.trim() || form.querySelector(".dialog__title").textContent, meta);
  else {
    const [filled, shape] = card(form);
    box.replaceChildren(filled, meta);
    box.classList.add(`message__bubble--${shape}`);
    meta.classList.add("message__meta--row");
  }
  return drawn.outerHTML;
}

/** The form as HTML with its current values, to edit it again. */
function written(form) {
  for (const field of form.elements) {
    if (["checkbox", "radio"].includes(field.type)) field.toggleAttribute("checked", field.checked);
    else if (field.type === "textarea") field.textContent = field.value;
    else if (field.matches("input:not([type=file])")) field.setAttribute("value", field.value);
  }
  const copy = form.cloneNode(true);
  for (const thumb of copy.querySelectorAll("img[src^=blob]")) thumb.remove();
  return copy.outerHTML;
}

export function entry(form) {
  const token = uuid();
  const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  return {
    at: Date.now(),
    token,
    conversation: composer().dataset.conversation,
    address: form.getAttribute("action"),
    fields: [...fields, ["press", token]],
    uploads: fields.filter(([name]) => name === "upload").map(([, id]) => id),
    bubbles: [{ token, html: bubble(form) }],
    dialog: written(form),
  };
}

document.addEventListener("input", ({ target }) => {
  const preview = target.form?.querySelector("[data-preview]");
  if (preview) preview.dataset.stale = "";
});
