// Shows the exact time of a message on hover, on focus, and on a tap.
const tip = Object.assign(document.createElement("div"), { className: "moment", id: "moment", role: "tooltip", hidden: true });
let described;

/** The text of a title attribute, which browsers show to the pointer only. Takes the attribute away. */
function words(element) {
  if (element.title) {
    element.dataset.moment = element.title;
    element.removeAttribute("title");
  }
  return element.dataset.moment;
}

function hide() {
  tip.hidden = true;
  described?.removeAttribute("aria-describedby");
  described = undefined;
}

function show(message) {
  const time = message.querySelector("time");
  const text = time && words(time);
  // The mark for late messages has the same title.
  message.querySelector(".message__late")?.removeAttribute("title");
  if (!text || (tip.textContent === text && !tip.hidden)) return;
  tip.textContent = text;
  tip.hidden = false;
  document.querySelector("#thread").append(tip);
  const [box, own] = [time.getBoundingClientRect(), tip.getBoundingClientRect()];
  const left = Math.min(Math.max(box.left + box.width / 2 - own.width / 2, 8), innerWidth - own.width - 8);
  tip.style.insetInlineStart = "auto";
  tip.style.left = `${left}px`;
  tip.style.top = `${box.top - own.height - 8 > 0 ? box.top - own.height - 8 : box.bottom + 8}px`;
}

const at = (event) => event.target.closest?.(".message__meta, .system-line")?.closest("[data-message]");
document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  if (at(event)) show(at(event));
  else if (!described) hide();
});
document.addEventListener("click", (event) => (at(event) ? show(at(event)) : !described && hide()));
document.addEventListener("focusin", ({ target }) => {
  hide();
  const message = target.closest?.("[data-message]");
  if (!message || !target.matches(":focus-visible")) return;
  show(message);
  described = target;
  if (!tip.hidden) target.setAttribute("aria-describedby", tip.id);
});
document.addEventListener("focusout", hide);
document.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
document.addEventListener("scroll", ({ target }) => target.matches?.(".thread__scroll") && hide(), true);
