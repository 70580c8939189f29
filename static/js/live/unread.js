// Shows the number of unread messages, and marks the open thread as read once it was seen.
let asked = "";

function seen() {
  const thread = document.querySelector("#thread");
  const scroll = document.querySelector(".thread__scroll");
  if (!thread?.dataset.conversation || thread.dataset.unread === "0") return;
  if (document.visibilityState !== "visible" || !document.hasFocus() || !thread.checkVisibility()) return;
  // Newer messages further down have not been seen.
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
// Try again at the next opportunity.
document.addEventListener("htmx:sendError", () => (asked = ""));
window.addEventListener("focus", seen);
seen();
