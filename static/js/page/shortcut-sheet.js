// The sheet of keyboard shortcuts, and its switch that turns single keys off.
import * as pageHistory from "./history.js";

const KEPT = "single-keys";
const sheet = document.querySelector("[data-shortcuts]");
const box = sheet.querySelector("[data-single-keys]");

box.checked = localStorage.getItem(KEPT) !== "off";
box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
document.addEventListener("inbox:help", () => pageHistory.dialog(sheet));
sheet.addEventListener("click", (event) => {
  if (event.target === sheet || event.target.closest("[data-shut]")) sheet.close();
});
