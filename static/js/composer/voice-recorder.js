// <voice-recorder>: records a voice note, which can be listened to before it is sent or discarded.
import { gettext } from "../i18n.js";
import "./level-meter.js";
import { clock } from "../viewer/playback.js";
import { upload } from "./upload.js";
import { emit } from "../page/events.js";

const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

customElements.define(
  "voice-recorder",
  class extends HTMLElement {
    connectedCallback() {
      this.addEventListener("click", ({ target }) => {
        const button = target.closest("button");
        if (button?.matches("[data-cancel]")) this.end();
        else if (button?.matches("[data-stop]")) this.recorder.stop();
        else if (button?.matches("[data-done]")) this.finish();
      });
      this.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.end();
      });
    }

    part(name) {
      return this.querySelector(`[data-${name}]`);
    }

    async start() {
      try {
        this.stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
      } catch {
        return emit("problem", gettext("The microphone is blocked. Allow it for this page in the browser’s settings."));
      }
      this.type = TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
      this.recorder = new MediaRecorder(this.stream, this.type ? { mimeType: this.type, audioBitsPerSecond: 32_000 } : {});
      this.pieces = [];
      this.done = this.sound = undefined;
      this.recorder.addEventListener("dataavailable", ({ data }) => this.pieces?.push(data));
      this.recorder.addEventListener("stop", () => this.stopped());
      this.recorder.start(1000);
      this.began = Date.now();
      this.part("meter").listen(this.stream);
      this.timer = setInterval(() => (this.part("time").textContent = clock((Date.now() - this.began) / 1000)), 250);
      for (const name of ["dot", "stop", "meter"]) this.part(name).toggleAttribute("hidden", false);
      this.part("listen").hidden = true;
      this.part("time").hidden = false;
      this.hidden = false;
      this.closest("form").querySelector("[data-row]").hidden = true;
      this.part("stop").focus();
    }

    silence() {
      this.part("meter").silence();
      clearInterval(this.timer);
      for (const track of this.stream?.getTracks() ?? []) track.stop();
      this.stream = undefined;
    }

    stopped() {
      this.silence();
      if (!this.pieces) return;
      const type = (this.recorder.mimeType || this.type).split(";")[0];
      this.sound = new File(this.pieces, `voice.${type.split("/")[1] || "ogg"}`, { type });
      if (this.done) return this.finish();
      for (const name of ["dot", "stop", "meter"]) this.part(name).toggleAttribute("hidden", true);
      const player = this.part("listen");
      // The browser's own recordings do not know how long they are.
      player.dataset.seconds = ((Date.now() - this.began) / 1000).toFixed(1);
      player.clock.dataset.length = clock(player.dataset.seconds);
      player.audio.src = URL.createObjectURL(this.sound);
      player.hidden = false;
      this.part("time").hidden = true;
      player.draw();
      this.part("done").focus();
    }

    finish() {
      if (!this.sound) {
        this.done = true;
        return this.recorder.stop();
      }
      const form = this.closest("form");
      const alone = !form.elements.text.value.trim() && !form.querySelector("[data-card]");
      upload(this.sound, { voice: true });
      this.end();
      if (alone) form.requestSubmit();
    }

    end() {
      this.pieces = undefined;
      if (this.recorder?.state === "recording") this.recorder.stop();
      this.silence();
      const { audio } = this.part("listen");
      audio.pause();
      URL.revokeObjectURL(audio.src);
      audio.removeAttribute("src");
      this.hidden = true;
      this.closest("form").querySelector("[data-row]").hidden = false;
      this.closest("form").elements.text.focus();
    }
  },
);

document.addEventListener("click", ({ target }) => target.closest("[data-record]") && document.querySelector("voice-recorder").start());
