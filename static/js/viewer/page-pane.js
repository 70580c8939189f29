// <page-pane>: the pages of a document. Zooms, tells which page is visible, and retries pages that failed.
import { gettext, interpolate, percent } from "../i18n.js";

const SIZES = [0.5, 0.75, 1, 1.5, 2, 3];
const TRIES = 8;
const KEYS = { "+": 1, "=": 1, "-": -1 };

customElements.define(
  "page-pane",
  class extends HTMLElement {
    connectedCallback() {
      const viewer = this.closest("[data-viewer]");
      this.size = 1;
      this.pages = [...this.querySelectorAll("img")];
      [this.level, this.place] = ["level", "page"].map((name) => viewer.querySelector(`[data-${name}]`));
      viewer.querySelector("[data-tools]").hidden = false;
      viewer.addEventListener("click", ({ target }) => {
        const button = target.closest("[data-zoom], [data-turn]");
        if (button?.dataset.turn) this.pages[this.seen() + Number(button.dataset.turn)]?.scrollIntoView({ block: "start" });
        else if (button) this.enlarge(button.dataset.zoom === "in" ? 1 : -1);
      });
      this.addEventListener("keydown", (event) => {
        if (KEYS[event.key] && !event.ctrlKey && !event.metaKey) this.enlarge(KEYS[event.key]);
      });
      this.addEventListener("scroll", () => this.draw(), { passive: true });
      for (const page of this.pages) page.addEventListener("error", () => this.again(page));
    }

    /** The page at the middle of the pane, counted from 0. */
    seen() {
      const middle = this.scrollTop + this.clientHeight / 2;
      const after = this.pages.findIndex((page) => page.offsetTop - this.offsetTop > middle);
      return (after < 0 ? this.pages.length : Math.max(after, 1)) - 1;
    }

    enlarge(steps) {
      const kept = this.scrollTop / this.scrollHeight;
      this.size = SIZES[SIZES.indexOf(this.size) + steps] ?? this.size;
      this.style.setProperty("--page", this.size);
      this.scrollTop = kept * this.scrollHeight;
      this.draw();
    }

    draw() {
      this.place.value = interpolate(gettext("%(page)s of %(count)s"), { page: this.seen() + 1, count: this.dataset.count });
      this.level.value = percent(this.size);
    }

    /** Many pages are drawn one after the other: the inbox may ask to come back. */
    again(page) {
      const tries = Number(page.dataset.tries ?? 0) + 1;
      page.dataset.tries = tries;
      if (tries > TRIES) return void (page.alt = gettext("This page could not be shown. Download the file to read it."));
      setTimeout(() => page.isConnected && (page.src = `${page.src.split("?")[0]}?try=${tries}`), 700 * tries);
    }
  },
);
