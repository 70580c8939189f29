// Buttons that copy the text of a message, or a link to it.
import { gettext } from "../i18n.js";
import { emit } from "./events.js";

async function copy(words, button) {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    // Without https there is no clipboard API; copying the selection works.
    const field = Object.assign(document.createElement("textarea"), { value: words, className: "visually-hidden" });
    button.after(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await copy(button.dataset.copy, button);
  button.closest("dialog")?.close();
  emit("say", { words: gettext("Copied"), shown: true });
});
