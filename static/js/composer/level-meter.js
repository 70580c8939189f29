// <level-meter>: shows the volume of a microphone over the last seconds.
const BARS = 60;

customElements.define(
  "level-meter",
  class extends HTMLElement {
    /** Draw this stream, ten times a second, until silence(). */
    listen(stream) {
      this.silence();
      this.context = new AudioContext();
      const meter = this.context.createAnalyser();
      this.context.createMediaStreamSource(stream).connect(meter);
      const samples = new Uint8Array(meter.fftSize);
      const levels = Array(BARS).fill(0);
      const bar = (level, index) => `M${index * 4 + 2} ${(13 - level * 11).toFixed(1)}v${(2 + level * 22).toFixed(1)}`;
      this.timer = setInterval(() => {
        meter.getByteTimeDomainData(samples);
        levels.push(Math.min(1, Math.max(...samples.map((sample) => Math.abs(sample - 128))) / 64));
        levels.shift();
        this.querySelector("path").setAttribute("d", levels.map(bar).join(""));
      }, 100);
    }

    silence() {
      clearInterval(this.timer);
      this.context?.close();
      this.context = undefined;
    }
  },
);
