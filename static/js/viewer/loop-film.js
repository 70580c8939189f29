// <loop-film>: plays a short silent video while it is visible. Readers who prefer less motion start it.
import { gettext } from "../i18n.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

customElements.define(
  "loop-film",
  class extends HTMLElement {
    connectedCallback() {
      this.film = this.querySelector("video");
      this.link = this.closest("a");
      this.stopped = calm.matches;
      this.watcher = new IntersectionObserver(([entry]) => this.show(entry.isIntersecting), { threshold: 0.5 });
      this.watcher.observe(this);
      this.leaving = new AbortController();
      const { signal } = this.leaving;
      this.link.addEventListener("click", (event) => this.press(event), { signal });
      for (const name of ["play", "pause"]) this.film.addEventListener(name, () => this.draw(), { signal });
      this.draw();
    }

    disconnectedCallback() {
      this.watcher.disconnect();
      this.leaving.abort();
    }

    show(seen) {
      if (seen && !this.stopped) this.film.play().catch(() => this.draw());
      else this.film.pause();
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.stopped = !this.film.paused;
      this.show(!this.stopped);
    }

    draw() {
      const mark = this.link.querySelector("[data-loop-mark]");
      mark.hidden = !this.film.paused;
      this.link.ariaLabel = this.film.paused ? gettext("Play animation") : gettext("Stop animation");
    }
  },
);
