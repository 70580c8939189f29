// Moves the focus to a sensible place when its element closes, is replaced or was left.
const heading = () => document.querySelector(".list__title");

// A press outside of a menu, or Escape, closes it.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}
document.addEventListener("click", ({ target }) => closeMenus(target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !document.querySelector("details.menu[open]")) return;
  event.preventDefault(); // Escape closes the menu, not the thread
  event.target.closest("details.menu")?.querySelector("summary").focus();
  closeMenus();
});

// A conversation opened with the mouse puts the cursor into the composer. On a touch screen the keyboard would cover the
// thread, and an agent who opened it by keyboard stays in the list.
let pointer = "";
let byMouse = false;
document.addEventListener("pointerdown", ({ pointerType }) => (pointer = pointerType), true);
document.addEventListener("click", ({ target, detail }) => (byMouse = detail > 0 && pointer === "mouse" && Boolean(target.closest(".conversation-row"))), true);

// An opened thread takes the focus when its row is not visible.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "conversation") return;
  const words = document.querySelector("#conversation [data-words]");
  if (byMouse && words) return words.focus({ preventScroll: true });
  const active = document.activeElement;
  if (active && active !== document.body && active.checkVisibility()) return;
  (document.querySelector(".thread__scroll") ?? document.querySelector("[aria-current=page].conversation-row") ?? heading()).focus();
});

// After a page that was left by keyboard, the focus starts in the content, not at the top of the page.
const BY_KEYS = "left-by-keys";
addEventListener("pagehide", () => sessionStorage.setItem(BY_KEYS, document.activeElement.matches(":focus-visible")));
if (sessionStorage.getItem(BY_KEYS) === "true" && document.activeElement === document.body) {
  (document.querySelector(".thread__scroll") ?? heading()).focus({ preventScroll: true });
}
sessionStorage.removeItem(BY_KEYS);
