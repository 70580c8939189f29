// Replaces the loaded messages by others: around a message, from a date on, or the newest.
import { gettext } from "../i18n.js";
import { readAt } from "../live/cursor.js";
import { emit } from "../page/events.js";
import { elements } from "../page/requests.js";
import { container } from "./messages.js";
import { quietly } from "./offscreen.js";

/** Load the messages of a query. Resolves to whether that worked; shows a problem if not. */
export async function loadRange(query) {
  const { conversation } = document.querySelector("#thread").dataset;
  const response = await fetch(`/conversations/${conversation}/messages/${query}`).catch(() => undefined);
  if (response?.redirected) location.reload();
  const html = response?.ok && !response.redirected ? await response.text().catch(() => "") : "";
  if (document.querySelector("#thread")?.dataset.conversation !== conversation) return false;
  if (!html) {
    const sentence = response?.status === 404 ? gettext("That message is no longer here.") : gettext("Those messages could not be loaded. Try again.");
    emit("problem", sentence);
    return false;
  }
  quietly(() => container().replaceChildren(...elements(html).childNodes));
  htmx.process(container());
  emit("drawn");
  emit("shown");
  readAt(response.headers.get("Cursor"));
  return true;
}
