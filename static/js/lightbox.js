// The lightbox: a photo large, arrows through the photos loaded in the thread, Escape back to where one was.
(() => {
  const dialog = document.querySelector("[data-lightbox-dialog]");
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  let current;

  const links = () => {
    const scope = current.closest(".media-grid") ?? document.querySelector(".thread__messages");
    return [...scope.querySelectorAll("[data-lightbox]")];
  };

  function show(link) {
    current = link;
    const all = links();
    const index = all.indexOf(link);
    const message = link.closest("[data-message]");
    const author = message?.querySelector(".message__author") ?? document.querySelector(".thread__name");
    const time = message?.querySelector("time");
    part("photo").src = link.href;
    part("about").textContent = [author.textContent.trim(), time?.title, `${index + 1} of ${all.length}`].filter(Boolean).join(" · ");
    const text = message?.querySelector(".message__text")?.cloneNode(true);
    text?.querySelector(".message__meta")?.remove();
    part("caption").textContent = text?.textContent.trim() ?? "";
    part("download-link").href = link.dataset.download;
    part("previous").disabled = index <= 0;
    part("next").disabled = index >= all.length - 1;
  }

  function step(by) {
    const all = links();
    const next = all[all.indexOf(current) + by];
    if (next) show(next);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-lightbox]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") || event.target.matches("dialog, .lightbox__media")) dialog.close();
    else if (event.target.closest("[data-previous]")) step(-1);
    else if (event.target.closest("[data-next]")) step(1);
  });
  dialog.addEventListener("keydown", (event) => {
    const forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === forward) step(1);
    else if (event.key.startsWith("Arrow") && event.key !== "ArrowUp" && event.key !== "ArrowDown") step(-1);
  });
  dialog.addEventListener("close", () => {
    part("photo").removeAttribute("src");
    if (current?.isConnected) current.focus();
  });
})();
