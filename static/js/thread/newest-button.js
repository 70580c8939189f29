// The button that leads to the newest messages, and counts new ones below the visible part.
import { gettext, interpolate, ngettext } from "../i18n.js";

const pill = () => document.querySelector("[data-pill]");

function show(count) {
  const link = pill();
  link.dataset.count = count;
  link.hidden = false;
  link.querySelector("[data-pill-words]").textContent = count ? interpolate(ngettext("%(count)s new", "%(count)s new", count), { count }) : gettext("Newest messages");
}

function hide() {
  const link = pill();
  // While newer messages are not loaded, the button leads to them.
  if (!link || document.querySelector("[data-newer]")) return;
  link.hidden = true;
  delete link.dataset.count;
}

function look() {
  const scroll = document.querySelector(".thread__scroll");
  if (!scroll?.clientHeight || !pill()) return;
  const far = -scroll.scrollTop;
  if (document.querySelector("[data-newer]")) {
    if (pill().hidden) show(0);
  } else if (far < 40) hide();
  else if (far > 2 * scroll.clientHeight && pill().hidden) show(0);
}

document.addEventListener("inbox:merged", ({ detail }) => {
  if (detail.unseen && detail.added) show(Number(pill().dataset.count || 0) + detail.added);
});
document.addEventListener("inbox:jumped", look);
document.addEventListener("scroll", ({ target }) => target.matches?.(".thread__scroll") && look(), true);
