// Where the focus goes when what had it closes, is drawn again or was left: never to the top of the page.
const heading = () => document.querySelector(".list__title");

// A menu closes when one presses beside it, or Escape.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}
document.addEventListener("click", ({ target }) => closeMenus(target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !document.querySelector("details.menu[open]")) return;
  event.preventDefault(); // it means the menu, not the thread
  event.target.closest("details.menu")?.querySelector("summary").focus();
  closeMenus();
});

// A row pressed with the mouse means to answer: the cursor goes into the composer. A finger would get a keyboard over
// the thread, and who opened it by keys goes on in the list.
let pointer = "";
let byMouse = false;
document.addEventListener("pointerdown", ({ pointerType }) => (pointer = pointerType), true);
document.addEventListener("click", ({ target, detail }) => (byMouse = detail > 0 && pointer === "mouse" && Boolean(target.closest(".conversation-row"))), true);

// A thread that was opened takes the focus when the row that opened it is out of sight.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "conversation") return;
  const words = document.querySelector("#conversation [data-words]");
  if (byMouse && words) return words.focus({ preventScroll: true });
  const active = document.activeElement;
  if (active && active !== document.body && active.checkVisibility()) return;
  (document.querySelector(".thread__scroll") ?? document.querySelector("[aria-current=page].conversation-row") ?? heading()).focus();
});

// Who came from another page of the inbox by keys goes on in what was asked for, not from the top of the page.
const BY_KEYS = "left-by-keys";
addEventListener("pagehide", () => sessionStorage.setItem(BY_KEYS, document.activeElement.matches(":focus-visible")));
if (sessionStorage.getItem(BY_KEYS) === "true" && document.activeElement === document.body) {
  (document.querySelector(".thread__scroll") ?? heading()).focus({ preventScroll: true });
}
sessionStorage.removeItem(BY_KEYS);
