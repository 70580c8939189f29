// The list says which conversations have a draft. inbox/web/queries/list_state.py says the same in a page that is loaded.
import { gettext } from "../i18n.js";

const LENGTH = 120; // characters of a draft that a row has room for

export function showInRow(form) {
  const { conversation } = form.closest("[data-composer]").dataset;
  const line = document.querySelector(`#conversation-${conversation}-row [data-row-draft]`);
  if (!line) return;
  const text = form.elements.text.value.trim().slice(0, LENGTH) || (form.querySelector("[data-card]") ? gettext("files") : "");
  line.lastElementChild.textContent = text;
  line.hidden = !text;
}
