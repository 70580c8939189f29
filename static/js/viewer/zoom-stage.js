// <zoom-stage>: zooms, moves and rotates a picture, with buttons, wheel, double click, fingers and keys.
import { percent } from "../i18n.js";
import { gestures } from "./gestures.js";

const MOST = 8;
const KEYS = { "+": "in", "=": "in", "-": "out", 0: "whole", r: "turn", R: "turn" };
const within = (number, most) => Math.min(Math.max(number, -most), most);

customElements.define(
  "zoom-stage",
  class extends HTMLElement {
    connectedCallback() {
      this.picture = this.querySelector("img");
      this.zoom = 1;
      this.turned = this.x = this.y = 0;
      // The small picture is there already: it stands in, in the place kept, until the large one has come.
      this.picture.style.background = `url("${this.picture.dataset.thumbnail}") center / contain no-repeat`;
      if (this.picture.complete) this.arrived();
      else this.picture.addEventListener("load", () => this.arrived());
      const viewer = this.closest("[data-viewer]");
      this.level = viewer.querySelector("[data-level]");
      viewer.querySelector("[data-tools]").hidden = false;
      this.leaving = new AbortController();
      const { signal } = this.leaving;
      const hear = (target, name, act, options = {}) => target.addEventListener(name, act, { signal, ...options });
      hear(viewer, "click", ({ target }) => this.act(target.closest("[data-zoom]")?.dataset.zoom));
      hear(this.closest("dialog") ?? document, "keydown", (event) => {
        if (!event.ctrlKey && !event.metaKey && !event.altKey) this.act(KEYS[event.key]);
      });
      hear(this, "wheel", (event) => {
        event.preventDefault();
        this.to(this.zoom * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), event);
      }, { passive: false });
      hear(this, "dblclick", (event) => this.to(this.zoom > 1 ? 1 : 2.5, event));
      // The picture takes the presses on it: only those beside it close.
      hear(this, "click", (event) => {
        if (document.elementsFromPoint(event.clientX, event.clientY).includes(this.picture)) event.stopPropagation();
      });
      gestures(this, { move: (x, y) => this.move(x, y), pinch: (by, at) => this.to(this.zoom * by, at), sweep: (way) => this.sweep(way) }, signal);
      hear(window, "resize", () => this.draw());
    }

    disconnectedCallback() {
      this.leaving.abort();
    }

    arrived() {
      this.picture.style.background = "";
      for (const name of ["width", "height"]) this.picture.removeAttribute(name);
    }

    act(name) {
      if (name === "turn") this.turned = (this.turned + 90) % 360;
      const zoom = { in: this.zoom * 1.5, out: this.zoom / 1.5, whole: 1, turn: 1 }[name];
      if (zoom) this.to(zoom);
    }

    /** Zoom so that what lies under the pointer stays there. */
    to(zoom, at) {
      const next = Math.min(Math.max(zoom, 1), MOST);
      const box = this.getBoundingClientRect();
      const [x, y] = at ? [at.clientX - box.x - box.width / 2, at.clientY - box.y - box.height / 2] : [0, 0];
      this.x = x - ((x - this.x) * next) / this.zoom;
      this.y = y - ((y - this.y) * next) / this.zoom;
      this.zoom = next;
      this.draw();
    }

    move(across, down) {
      this.x += across;
      this.y += down;
      if (this.zoom > 1) this.draw();
    }

    sweep(way) {
      if (this.zoom === 1) this.dispatchEvent(new CustomEvent("inbox:step", { bubbles: true, detail: way }));
    }

    draw() {
      const { naturalWidth: wide, naturalHeight: high, offsetWidth, offsetHeight, style } = this.picture;
      const shown = Math.min(offsetWidth / (wide || 1), offsetHeight / (high || 1)); // what object-fit: contain does
      const sides = [wide * shown, high * shown];
      const lying = this.turned % 180 !== 0;
      const fit = lying ? Math.min(this.clientWidth / sides[1], this.clientHeight / sides[0], 1 / shown) || 1 : 1;
      const [width, height] = lying ? sides.reverse() : sides;
      this.x = within(this.x, Math.max(0, (width * fit * this.zoom - this.clientWidth) / 2));
      this.y = within(this.y, Math.max(0, (height * fit * this.zoom - this.clientHeight) / 2));
      style.transform = `translate(${this.x}px, ${this.y}px) rotate(${this.turned}deg) scale(${fit * this.zoom})`;
      this.classList.toggle("lightbox__media--large", this.zoom > 1);
      this.level.value = percent(this.zoom);
    }
  },
);
