// Shows in the list that a conversation has a draft, as inbox/web/queries/list_state.py does when the page loads.
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
