// Keeps a draft the same in all tabs. A tab that becomes visible again asks the server.
import * as drafts from "./draft.js";
import { emit } from "../page/events.js";
import { elements } from "../page/requests.js";
import * as outbox from "../sending/outbox.js";

const tabs = new BroadcastChannel(`inbox.drafts.${document.querySelector(".app").dataset.agent}`);
const form = () => document.querySelector("[data-answer]");
const conversation = () => document.querySelector("[data-composer]")?.dataset.conversation;
const tell = (values) => tabs.postMessage({ conversation: conversation(), ...values });
const files = (tray) => [...tray.children].map((card) => card.dataset.card + card.dataset.state).join();

function adoptTray(fresh) {
  const tray = form().querySelector("[data-tray]");
  if (files(tray) === files(fresh) || tray.querySelector("[data-state=uploading]")) return;
  tray.replaceWith(fresh);
  emit("tray");
}

/** Show the draft as the server has it, unless something is written here that it does not have. */
async function follow() {
  const [mine, written] = [form(), form()?.elements.text.value];
  if (!mine || !drafts.idle()) return;
  const response = await fetch(`/conversations/${conversation()}/compose/`, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  const html = response?.ok && !response.redirected ? await response.text().catch(() => "") : "";
  const fresh = html && elements(html).querySelector("[data-answer]");
  if (!fresh || form() !== mine || mine.elements.text.value !== written || !drafts.idle()) return;
  outbox.hide(fresh);
  adoptTray(fresh.querySelector("[data-tray]"));
  const { text, quoted, token } = fresh.elements;
  if (text.value === written && quoted.value === mine.elements.quoted.value) return;
  const quote = quoted.value && fresh.querySelector("[data-quote]").outerHTML;
  drafts.put(mine, { text: text.value, quoted: quoted.value, quote, token: token.value, captions: [] });
  mine.elements.text.defaultValue = text.value;
}

tabs.addEventListener("message", ({ data }) => {
  if (!form() || data.conversation !== conversation()) return;
  for (const id of data.sent ?? []) form().querySelector(`[data-card="${id}"]`)?.remove();
  form().querySelector("[data-tray]").hidden = !form().querySelector("[data-card]");
  if (data.copy) drafts.put(form(), data.copy);
  if (data.files) follow();
});
document.addEventListener("inbox:written", ({ detail }) => tell({ copy: drafts.copy(detail) }));
document.addEventListener("inbox:sending", ({ detail }) => detail.uploads.length && tell({ sent: detail.uploads }));
document.addEventListener("inbox:ready", () => conversation() && tell({ files: true }));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && follow());
// What this form shows was sent from another window.
document.addEventListener("inbox:changes", () => {
  const token = form()?.elements.token.value;
  if (token && document.querySelector(`[data-message][data-token="${token}"]`)) follow();
});
