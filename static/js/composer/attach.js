// Adds files to the composer: chosen, dropped on the thread or pasted. Handles the buttons on their cards.
import { replaceCard } from "./tray.js";
import { upload } from "./upload.js";
import { emit } from "../page/events.js";
import { post } from "../page/requests.js";

const form = () => document.querySelector("[data-answer]");
let kind = "";

function add(files) {
  for (const file of files) upload(file, { kind });
  kind = "";
  form()?.elements.text.focus();
}

async function act(button) {
  const [item, list] = [button.closest("[data-card]"), button.closest("ul")];
  button.disabled = true;
  const answer = await post(new URL(button.formAction).pathname, new FormData());
  button.disabled = false;
  if (!answer.ok) return emit("problem", answer.sentence);
  if (answer.html) return replaceCard(item, answer.html);
  item.remove();
  list.hidden = !list.children.length;
  form()?.elements.text.focus();
  emit("ready");
}

document.addEventListener("click", (event) => {
  const pick = event.target.closest("[data-pick]");
  if (pick) {
    const field = form().querySelector("[data-files]");
    kind = pick.dataset.pick;
    field.accept = kind === "sticker" ? "image/*" : "";
    pick.closest("details").open = false;
    form().elements.text.focus(); // also for who chooses nothing
    return field.click();
  }
  const button = event.target.closest("[data-remove], [data-as-document]");
  if (!button) return;
  event.preventDefault();
  act(button);
});
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-files]")) return;
  add([...target.files]);
  target.value = "";
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  // Office programs put a picture of the words beside them: then the words are meant.
  if (!files.length || event.clipboardData.getData("text/plain") || !form() || event.target.closest?.("dialog")) return;
  event.preventDefault();
  add(files);
});

const over = (event) => event.target.closest?.("#thread") && event.dataTransfer?.types.includes("Files") && form();
document.addEventListener("dragover", (event) => {
  if (!over(event)) return document.querySelector(".thread--drop")?.classList.remove("thread--drop");
  event.preventDefault();
  document.querySelector("#thread").classList.add("thread--drop");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.querySelector(".thread--drop")?.classList.remove("thread--drop");
});
document.addEventListener("drop", (event) => {
  if (!over(event)) return;
  event.preventDefault();
  document.querySelector("#thread").classList.remove("thread--drop");
  add([...event.dataTransfer.files]);
});
