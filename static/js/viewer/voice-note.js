// <voice-note>: our own controls for a sound. Without this script the browser's are shown.
import { gettext, interpolate } from "../i18n.js";
import * as playing from "./playback.js";

customElements.define(
  "voice-note",
  class extends HTMLElement {
    connectedCallback() {
      if (this.audio) return;
      this.audio = this.querySelector("audio");
      this.audio.controls = false;
      for (const name of ["play", "speed", "seek", "clock", "heard", "unheard", "icon-play", "icon-pause"]) {
        this[name.replace("icon-", "icon_")] = this.querySelector(`[data-${name}]`);
      }
      this.play.addEventListener("click", () => this.toggle());
      this.seek.addEventListener("input", () => this.jump(Number(this.seek.value)));
      playing.slider(this.seek, () => this.toggle());
      this.speed?.addEventListener("click", () => playing.faster());
      document.addEventListener("inbox:speed", () => this.isConnected && this.draw());
      for (const event of ["play", "pause", "ended", "timeupdate", "durationchange"]) {
        this.audio.addEventListener(event, () => this.draw());
      }
      this.audio.addEventListener("playing", () => this.played());
      this.audio.addEventListener("ended", () => this.next()?.toggle());
      // The file's signed address lives for minutes: ask for a new one and go on from the same place.
      this.audio.addEventListener("error", () => this.renew());
      this.mine = this.dataset.voice && this.closest(".message--inbound");
      if (this.mine) this.unheard.hidden = playing.wasHeard(this.dataset.voice);
      this.draw();
    }

    toggle() {
      if (!this.audio.paused) return this.audio.pause();
      this.started = true;
      this.audio.play().catch(() => this.draw());
    }

    played() {
      if (!this.mine) return;
      playing.hear(this.dataset.voice);
      this.unheard.hidden = true;
    }

    /** The voice note that follows at once in the thread, from the same side: it plays on, as on a phone. */
    next() {
      const message = this.closest("[data-message]");
      const messages = [...document.querySelectorAll(".thread__messages [data-message]")];
      const other = this.dataset.voice && messages[messages.indexOf(message) + 1];
      return other?.matches(this.mine ? ".message--inbound" : ".message--outbound") && other.querySelector("voice-note[data-voice]");
    }

    jump(seconds) {
      this.audio.currentTime = seconds;
      this.draw();
    }

    renew() {
      if (!this.started || this.renewed) return;
      this.renewed = true;
      const position = this.audio.currentTime;
      this.audio.load();
      this.audio.currentTime = position;
      this.audio.play().then(
        () => (this.renewed = false),
        () => (this.clock.textContent = gettext("This browser can’t play it. Download it instead.")),
      );
    }

    draw() {
      const sounds = !this.audio.paused && !this.audio.ended;
      const length = Number.isFinite(this.audio.duration) ? this.audio.duration : Number(this.dataset.seconds);
      const position = this.audio.currentTime;
      this.icon_play.hidden = sounds;
      this.icon_pause.hidden = !sounds;
      this.play.title = this.play.ariaLabel = sounds ? gettext("Pause") : this.play.dataset.play;
      this.seek.max = length;
      this.seek.value = position;
      this.seek.ariaValueText = interpolate(gettext("%(position)s of %(length)s"), { position: playing.clock(position), length: playing.clock(length) });
      this.heard?.setAttribute("width", length ? (208 * position) / length : 0);
      if (this.speed) this.speed.textContent = `${playing.speed}×`;
      const words = position ? `${playing.clock(position)} / ${playing.clock(length)}` : this.clock.dataset.length;
      this.clock.textContent = this.clock.dataset.length || !position ? words : `${words} · `;
    }
  },
);
