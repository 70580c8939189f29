// A video's picture becomes its player where it stands, in the same box.
(() => {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-video]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const picture = link.querySelector("img");
    const video = document.createElement("video");
    video.className = "picture__image";
    video.controls = video.playsInline = true;
    video.width = picture.width;
    video.height = picture.height;
    video.poster = picture.src;
    video.src = link.dataset.video;
    video.preload = "metadata";
    let renewed = false;
    video.addEventListener("error", () => {
      // The file's signed address lives for minutes: ask once for a new one, then say so.
      if (renewed) {
        const words = document.createElement("p");
        words.className = "media-card__facts";
        words.textContent = "This browser cannot play it. ";
        const file = Object.assign(document.createElement("a"), { href: link.dataset.download, textContent: "Download it" });
        words.append(file);
        return void video.replaceWith(words);
      }
      renewed = true;
      const position = video.currentTime;
      video.src = link.dataset.video;
      video.currentTime = position;
      video.play();
    });
    for (const other of document.querySelectorAll("audio, video")) other.pause();
    const box = document.createElement("div");
    box.className = "picture picture--playing";
    box.append(video);
    link.replaceWith(box);
    video.focus();
    video.play();
  });
})();
