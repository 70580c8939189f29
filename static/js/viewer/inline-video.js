// Plays a video in place of its picture. In an album it opens in the lightbox instead.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-video]");
  if (!link || link.closest(".album") || event.ctrlKey || event.metaKey || event.shiftKey) return;
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
  const player = document.createElement("film-player");
  player.className = "film picture picture--playing";
  player.dataset.seconds = link.dataset.seconds;
  player.dataset.download = link.dataset.download;
  player.append(video);
  link.replaceWith(player);
  player.querySelector("[data-play]")?.focus();
  video.play().catch(() => {}); // it may be stopped before it began
});
