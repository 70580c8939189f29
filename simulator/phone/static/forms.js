// Sends the page's forms without leaving it. Without this file they work as plain forms.

const said = document.querySelector("[data-said]");
const composer = document.querySelector("[data-composer]");
let forget = 0;

function say(sentence) {
  said.textContent = sentence;
  clearTimeout(forget);
  forget = setTimeout(() => (said.textContent = ""), 8000);
}

async function post(form, data) {
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok) say((await answer.json()).error || "The simulator refused this.");
    return answer.ok;
  } catch {
    say("The simulator does not answer. Is it still running?");
    return false;
  } finally {
    form.removeAttribute("aria-busy");
    document.dispatchEvent(new Event("simulator:changed"));
  }
}

function cleared() {
  composer.elements.text.value = "";
  composer.elements.file.value = "";
  composer.elements.forwarded.checked = false;
  composer.querySelector("[data-attach]").open = false;
  const quote = composer.querySelector("[data-quote]");
  if (quote) {
    quote.remove();
    history.replaceState(null, "", `/?${document.body.dataset.chat}`);
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-quiet]")) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  if (form === composer && !event.submitter?.value && !data.get("text").trim() && !data.get("file")?.size) return;
  const done = post(form, data);
  form.querySelector("details[open]")?.removeAttribute("open");
  form.closest(".speech__menu")?.removeAttribute("open");
  if (form === composer && (await done)) cleared();
});

document.addEventListener("change", (event) => {
  const atOnce = event.target.closest("[data-at-once]");
  if (atOnce) atOnce.requestSubmit();
  if (event.target.matches("[data-file]") && event.target.files.length) composer.requestSubmit();
});

// A click elsewhere, or Escape, closes an open sheet.
const close = (except) => document.querySelectorAll(".speech__menu[open], [data-attach][open]").forEach((sheet) => sheet !== except && sheet.removeAttribute("open"));
document.addEventListener("click", (event) => close(event.target.closest(".speech__menu, [data-attach]")));
document.addEventListener("keydown", (event) => event.key === "Escape" && close(null));

document.addEventListener("simulator:recorded", (event) => {
  const data = new FormData(composer);
  data.set("file", event.detail, "recording");
  data.set("recorded", "yes");
  post(composer, data).then((done) => done && cleared());
});
