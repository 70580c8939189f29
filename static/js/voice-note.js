// <voice-note>: plays the sound inside it with our own buttons; without this script the browser's player is shown.
(() => {
  const SPEEDS = [1, 1.5, 2];
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  customElements.define(
    "voice-note",
    class extends HTMLElement {
      connectedCallback() {
        if (this.audio) return;
        this.audio = this.querySelector("audio");
        this.audio.controls = false;
        for (const name of ["play", "speed", "seek", "clock", "heard", "icon-play", "icon-pause"]) {
          this[name.replace("icon-", "icon_")] = this.querySelector(`[data-${name}]`);
        }
        this.play.addEventListener("click", () => this.toggle());
        this.seek.addEventListener("input", () => this.jump(Number(this.seek.value)));
        this.speed?.addEventListener("click", () => this.faster());
        for (const event of ["play", "pause", "ended", "timeupdate", "durationchange"]) {
          this.audio.addEventListener(event, () => this.draw());
        }
        // The file's signed address lives for minutes: ask for a new one and go on from the same place.
        this.audio.addEventListener("error", () => this.renew());
      }

      toggle() {
        if (!this.audio.paused) return this.audio.pause();
        for (const other of document.querySelectorAll("audio, video")) if (other !== this.audio) other.pause();
        this.started = true;
        this.audio.play().catch(() => this.draw());
      }

      jump(seconds) {
        this.audio.currentTime = seconds;
        this.draw();
      }

      faster() {
        const speed = SPEEDS[(SPEEDS.indexOf(this.audio.playbackRate) + 1) % SPEEDS.length];
        this.audio.playbackRate = this.audio.defaultPlaybackRate = speed;
        this.speed.textContent = `${speed}×`;
      }

      renew() {
        if (!this.started || this.renewed) return;
        this.renewed = true;
        const position = this.audio.currentTime;
        this.audio.load();
        this.audio.currentTime = position;
        this.audio.play().then(
          () => (this.renewed = false),
          () => (this.clock.textContent = "Cannot be played here. Download it instead."),
        );
      }

      draw() {
        const playing = !this.audio.paused && !this.audio.ended;
        const length = Number.isFinite(this.audio.duration) ? this.audio.duration : Number(this.dataset.seconds);
        const position = this.audio.currentTime;
        this.icon_play.hidden = playing;
        this.icon_pause.hidden = !playing;
        this.play.title = playing ? "Pause" : "Play";
        this.seek.max = length;
        this.seek.value = position;
        this.seek.ariaValueText = `${clock(position)} of ${clock(length)}`;
        this.heard?.setAttribute("width", length ? (208 * position) / length : 0);
        const words = position ? `${clock(position)} / ${clock(length)}` : this.clock.dataset.length;
        this.clock.textContent = this.clock.dataset.length || !position ? words : `${words} · `;
      }
    },
  );
})();
