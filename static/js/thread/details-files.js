// Updates the files in the details pane.
document.addEventListener("inbox:changes", ({ detail }) => {
  const fresh = detail.querySelector("[data-kept-files]");
  const shown = document.querySelector("[data-kept-files]");
  if (!fresh || !shown || shown.innerHTML === fresh.innerHTML) return;
  const focused = shown.contains(document.activeElement) && document.activeElement.getAttribute("href");
  shown.replaceWith(fresh);
  if (focused) fresh.querySelector(`[href="${focused}"]`)?.focus();
});
