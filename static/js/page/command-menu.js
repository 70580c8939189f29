// The command menu: finds people, filters, and actions on the open conversation.
import { gettext, interpolate } from "../i18n.js";
import { emit } from "./events.js";
import * as pageHistory from "./history.js";
import { elements } from "./requests.js";

const dialog = document.querySelector("[data-palette]");
const field = dialog.querySelector("input");
const list = dialog.querySelector("[role=listbox]");
/** Commands of the page: their names, and the elements that carry them out. */
const COMMANDS = [
  [gettext("Write an answer"), "[data-words]"],
  [gettext("Attach a file"), "[data-pick]"],
  [gettext("Send a template"), ".composer [data-dialog][href*='/templates/']"],
  [gettext("Pin or unpin"), "[data-pin] button"],
  [gettext("Mark as unread"), "[data-mark-unread] button"],
  [gettext("Search in this conversation"), "[data-search]"],
  [gettext("Show details"), "[data-details]"],
  [gettext("Change theme"), "[data-theme-form] button"],
];
const PAUSE = 120; // milliseconds after the last key until people are searched
let waiting;
let asked = 0;

/** The commands that are available now: [name, element]. */
function commands() {
  const found = [...document.querySelectorAll(".filters .chip")].map((chip) => [interpolate(gettext("Show %(filter)s"), { filter: chip.firstChild.textContent.trim() }), chip]);
  for (const [name, selector] of COMMANDS) {
    const element = document.querySelector(selector);
    if (element) found.push([name, element]);
  }
  return [...found, [gettext("Keyboard shortcuts"), undefined]];
}

function option(words, act) {
  const item = document.createElement("div");
  item.className = "palette__item";
  item.role = "option";
  item.id = `palette-${list.childElementCount}`;
  const text = document.createElement("span");
  text.className = "palette__words";
  text.dir = "auto";
  text.textContent = words;
  item.append(text);
  item.act = act;
  item.ariaSelected = "false";
  list.append(item);
}
function choose(item) {
  for (const one of list.children) one.ariaSelected = String(one === item);
  field.setAttribute("aria-activedescendant", item?.id ?? "");
  item?.scrollIntoView({ block: "nearest" });
}
const use = (element) => () => (element?.matches("textarea") ? element.focus() : element ? element.click() : emit("help"));

async function fill() {
  const sought = field.value.trim();
  const mine = ++asked;
  list.replaceChildren();
  for (const [words, element] of commands()) if (words.toLowerCase().includes(sought.toLowerCase())) option(words, use(element));
  choose(list.firstElementChild);
  if (!sought) return;
  const response = await fetch(`/?q=${encodeURIComponent(sought)}`, { headers: { "HX-Request": "true" } }).catch(() => undefined);
  if (!response?.ok || response.redirected || mine !== asked) return;
  for (const row of [...elements(await response.text()).querySelectorAll(".conversation-row")].slice(0, 8)) {
    const address = row.getAttribute("href").split("?")[0];
    option(row.querySelector(".conversation-row__name").textContent, () => location.assign(address));
  }
  if (!list.querySelector("[aria-selected=true]")) choose(list.firstElementChild);
}
async function run(item) {
  if (!item) return;
  dialog.close();
  await pageHistory.closed(dialog); // the command may open another address
  item.act();
}

document.addEventListener("inbox:palette", () => {
  if (document.querySelector("dialog[open]")) return;
  field.value = "";
  fill();
  pageHistory.dialog(dialog);
});
field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(fill, PAUSE);
});
field.addEventListener("keydown", (event) => {
  const chosen = list.querySelector("[aria-selected=true]");
  const next = { ArrowDown: chosen?.nextElementSibling, ArrowUp: chosen?.previousElementSibling }[event.key];
  if (event.key === "Enter" && !event.isComposing) run(chosen);
  else if (next) choose(next);
  else if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
});
list.addEventListener("click", ({ target }) => run(target.closest("[role=option]")));
dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
