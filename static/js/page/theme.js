// The theme button: changes the theme at once and saves the choice, without reloading the page.
import { gettext } from "../i18n.js";
import { on } from "./events.js";

const NEXT = { "": "light", light: "dark", dark: "" };
const TITLES = { "": gettext("Theme: Same as the system"), light: gettext("Theme: Light"), dark: gettext("Theme: Dark") };

on("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const field = form.elements.theme;
  const chosen = field.value;
  fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
  field.value = NEXT[chosen];
  form.querySelector("button").title = TITLES[chosen];
});
