// Pins a conversation or marks it as unread without leaving the page.
import { gettext } from "../i18n.js";
import { readAt } from "../live/cursor.js";
import { emit } from "../page/events.js";
import { leaveConversation } from "../page/navigation.js";
import { elements, post } from "../page/requests.js";

/** Focus a row, which may have been replaced or be gone. */
const focus = (id) => (document.getElementById(id) ?? document.querySelector(".list__title")).focus();

async function redraw() {
  const rows = document.querySelector(".list__rows");
  const place = new URLSearchParams(location.search);
  place.delete("details");
  const response = await fetch(`/?${place}`, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) return location.reload();
  const top = rows.scrollTop;
  const focused = rows.contains(document.activeElement) && document.activeElement.id;
  rows.replaceChildren(...elements(await response.text()).childNodes);
  htmx.process(rows);
  readAt(response.headers.get("Cursor"));
  rows.scrollTop = top;
  if (focused) focus(focused);
  emit("list");
}

async function pin(form) {
  const answer = await post(form.getAttribute("action").split("?")[0], new FormData(form));
  if (!answer.ok) return emit("say", { words: answer.sentence, shown: true });
  const button = form.querySelector("button");
  const pinned = button.ariaPressed !== "true";
  button.ariaPressed = pinned;
  form.elements.pinned.value = pinned ? "" : "1";
  await redraw();
  emit("say", { words: pinned ? gettext("Pinned") : gettext("Unpinned") });
}

async function unread(form) {
  const row = `conversation-${document.querySelector("#thread").dataset.conversation}-row`;
  // Leave the thread first: open and visible, it would be marked as read at once.
  await leaveConversation();
  focus(row);
  await post(form.getAttribute("action").split("?")[0], new FormData(form));
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-pin], [data-mark-unread]");
  if (!form) return;
  event.preventDefault();
  // Close the menu, and focus the button that opens it.
  const menu = form.closest("details[open]");
  menu?.querySelector("summary").focus();
  menu?.removeAttribute("open");
  if (form.matches("[data-pin]")) pin(form);
  else unread(form);
});
