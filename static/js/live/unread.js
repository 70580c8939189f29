// Unread messages: says how many in the badge and the title, and marks the open thread read once it was seen.
let asked = "";

function seen() {
  const thread = document.querySelector("#thread");
  const scroll = document.querySelector(".thread__scroll");
  if (!thread?.dataset.conversation || thread.dataset.unread === "0") return;
  if (document.visibilityState !== "visible" || !document.hasFocus() || !thread.checkVisibility()) return;
  // Newer messages below the fold are not seen yet.
  if (scroll.scrollTop < -40 || document.querySelector("[data-newer]")) return;
  const state = `${thread.dataset.conversation}.${thread.dataset.changed}`;
  if (state === asked) return;
  asked = state;
  htmx.ajax("POST", `/conversations/${thread.dataset.conversation}/read/`, {
    swap: "none",
    values: { changed: thread.dataset.changed },
  });
}

function count(words) {
  for (const element of document.querySelectorAll("[data-unread-count]")) element.textContent = words;
  for (const element of document.querySelectorAll("[data-unread-mark]")) element.hidden = !words;
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  document.title = words ? `(${words}) ${title}` : title;
}

document.addEventListener("inbox:changes", ({ detail }) => count(detail.dataset.unread));
document.addEventListener("inbox:merged", seen);
document.addEventListener("htmx:afterSettle", seen);
document.addEventListener("visibilitychange", seen);
document.addEventListener("scroll", seen, true);
// What did not arrive there is asked again with the next chance.
document.addEventListener("htmx:sendError", () => (asked = ""));
window.addEventListener("focus", seen);
seen();
