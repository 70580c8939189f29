// The colours button: changes them at once and keeps the choice, without reading the page again.
const NEXT = { "": "light", light: "dark", dark: "" };
const WORDS = { "": "like the system", light: "light", dark: "dark" };

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const field = form.elements.theme;
  const chosen = field.value;
  fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  field.value = NEXT[chosen];
  form.querySelector("button").title = `Theme: ${WORDS[chosen]}`;
});
