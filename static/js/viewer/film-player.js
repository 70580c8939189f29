// <film-player>: our own controls for a video. Without this script the browser's are shown.
import { gettext, interpolate } from "../i18n.js";
import * as playing from "./playback.js";

customElements.define(
  "film-player",
  class extends HTMLElement {
    connectedCallback() {
      const template = document.querySelector("[data-film-controls]");
      if (this.controls || !template) return;
      this.film = this.querySelector("video");
      this.film.controls = false;
      this.append(template.content.cloneNode(true));
      this.controls = this.querySelector("[data-controls]");
      for (const name of ["play", "seek", "clock", "speed", "mute", "float", "fullscreen"]) this[name] = this.querySelector(`[data-${name}]`);
      const acts = {
        play: () => this.toggle(),
        speed: () => playing.faster(),
        mute: () => (this.film.muted = !this.film.muted),
        float: () => (document.pictureInPictureElement ? document.exitPictureInPicture() : this.film.requestPictureInPicture()),
        fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen()),
      };
      for (const [name, act] of Object.entries(acts)) this[name].addEventListener("click", act);
      this.float.hidden = !document.pictureInPictureEnabled;
      this.fullscreen.hidden = !document.fullscreenEnabled;
      this.film.addEventListener("click", () => this.toggle());
      this.seek.addEventListener("input", () => (this.film.currentTime = Number(this.seek.value)));
      playing.slider(this.seek, () => this.toggle());
      document.addEventListener("inbox:speed", () => this.isConnected && this.draw());
      for (const event of ["play", "pause", "ended", "timeupdate", "durationchange", "volumechange", "waiting", "playing"]) {
        this.film.addEventListener(event, () => this.draw());
      }
      this.film.addEventListener("error", () => this.renew());
      this.draw();
    }

    toggle() {
      if (!this.film.paused) return this.film.pause();
      this.film.play().catch(() => this.draw());
    }

    /** The file's signed address lives for minutes: ask once for a new one, then say that it does not play. */
    renew() {
      if (this.renewed) {
        const words = Object.assign(document.createElement("p"), { className: "film__dead", textContent: `${gettext("This browser can’t play it.")} ` });
        words.append(Object.assign(document.createElement("a"), { href: this.dataset.download, textContent: gettext("Download it") }));
        return this.replaceChildren(words);
      }
      this.renewed = true;
      const position = this.film.currentTime;
      this.film.load();
      this.film.currentTime = position;
      if (position) this.film.play().catch(() => this.draw());
    }

    draw() {
      const runs = !this.film.paused && !this.film.ended;
      const length = Number.isFinite(this.film.duration) ? this.film.duration : Number(this.dataset.seconds);
      const position = this.film.currentTime;
      const name = (button, words, icon) => {
        button.title = button.ariaLabel = words;
        for (const one of button.querySelectorAll("[data-icon]")) one.hidden = one.dataset.icon !== icon;
      };
      name(this.play, runs ? gettext("Pause") : gettext("Play"), runs ? "pause" : "play");
      name(this.mute, this.film.muted ? gettext("Unmute") : gettext("Mute"), this.film.muted ? "muted" : "sound");
      this.classList.toggle("film--runs", runs);
      this.seek.max = length;
      this.seek.value = position;
      this.seek.ariaValueText = interpolate(gettext("%(position)s of %(length)s"), { position: playing.clock(position), length: playing.clock(length) });
      this.clock.textContent = `${playing.clock(position)} / ${playing.clock(length)}`;
      this.speed.textContent = `${playing.speed}×`;
    }
  },
);
