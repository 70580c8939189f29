// <emoji-picker>: opens beside a button, searches by name and remembers recent emoji.
import { gettext } from "../i18n.js";
import * as pageHistory from "../page/history.js";
import { recent, remember } from "./recent-emoji.js";

const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
let known = []; // [emoji, name], once they are loaded

customElements.define(
  "emoji-picker",
  class extends HTMLElement {
    connectedCallback() {
      this.role = "dialog";
      this.ariaLabel = gettext("Emoji");
      this.search = Object.assign(document.createElement("input"), { className: "field", type: "search", placeholder: gettext("Search emoji"), ariaLabel: gettext("Search emoji"), autocomplete: "off" });
      this.grid = Object.assign(document.createElement("div"), { className: "emoji-picker__grid" });
      this.append(this.search, this.grid);
      this.search.addEventListener("input", () => this.draw());
      this.addEventListener("click", ({ target }) => target.dataset.emoji && this.choose(target.dataset.emoji));
      this.addEventListener("keydown", (event) => this.key(event));
      document.addEventListener("pointerdown", ({ target }) => !this.hidden && !this.contains(target) && !this.anchor.contains(target) && this.close(false));
    }

    /** Calls `done` with each emoji chosen; `quick` is one for a reaction, after which it closes. */
    open(anchor, done, { quick = false } = {}) {
      if (!this.hidden && this.anchor === anchor) return this.close();
      if (this.hidden) pageHistory.opened(this, () => this.close());
      Object.assign(this, { anchor, done, quick, hidden: false });
      this.search.value = "";
      this.draw();
      this.names ??= import("./emoji-list.js").then((list) => {
          known = list.emoji;
          this.draw();
        }); // many names, and few who ever look
      const box = anchor.getBoundingClientRect();
      const [width, height] = [this.offsetWidth, this.offsetHeight];
      const above = box.top - height - 8;
      this.style.insetInlineStart = "auto";
      this.style.left = `${Math.max(8, Math.min(box.right - width, innerWidth - width - 8))}px`;
      this.style.top = `${above > 8 ? above : Math.max(8, Math.min(box.bottom + 8, innerHeight - height - 8))}px`;
      this.search.focus({ preventScroll: true });
    }

    close(back = true) {
      this.hidden = true;
      pageHistory.closed(this);
      if (back && this.anchor?.isConnected) this.anchor.focus();
    }

    draw() {
      const words = this.search.value.trim().toLowerCase();
      const first = words ? [] : [...(this.quick ? QUICK : []), ...recent()];
      const found = known.filter(([, name]) => !words || words.split(/\s+/).every((word) => name.includes(word)));
      const names = new Map(known);
      const typed = words && !/[\x20-\x7e]/.test(words) ? [words] : [];
      const at = [...this.grid.children].indexOf(document.activeElement);
      const all = [...new Set([...typed, ...first, ...found.map(([emoji]) => emoji)])];
      this.grid.replaceChildren(
        ...all.map((emoji, index) => {
          const button = Object.assign(document.createElement("button"), { type: "button", className: "emoji-picker__one", textContent: emoji, title: names.get(emoji) ?? "", tabIndex: index ? -1 : 0 });
          button.dataset.emoji = emoji;
          return button;
        }),
      );
      this.grid.children[at]?.focus(); // the names may come while one chooses
      if (!all.length && known.length) this.grid.textContent = gettext("No emoji found. You can also type or paste one here.");
    }

    choose(emoji) {
      remember(emoji);
      if (this.quick) this.close();
      this.done(emoji);
    }

    key(event) {
      const all = [...this.grid.querySelectorAll("button")];
      const at = all.indexOf(document.activeElement);
      const across = Math.max(1, Math.floor(this.grid.clientWidth / (all[0]?.offsetWidth || 1)));
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: at < 0 ? 1 : across, ArrowUp: -across };
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        this.close();
      } else if (event.key === "Enter" && document.activeElement === this.search) {
        event.preventDefault();
        // Who types quicker than the names come means the first of those that will be found.
        Promise.resolve(this.names).then(() => {
          const [first] = this.grid.querySelectorAll("button");
          if (first) this.choose(first.dataset.emoji);
        });
      } else if (event.key in steps && !(document.activeElement === this.search && event.key !== "ArrowDown")) {
        event.preventDefault();
        (all[at + steps[event.key]] ?? (event.key === "ArrowUp" ? this.search : all[at]))?.focus();
      }
    }
  },
);

export const pickEmoji = (anchor, done, options) => document.querySelector("emoji-picker").open(anchor, done, options);
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-emoji]:not(emoji-picker *)");
  if (!button) return;
  const field = document.querySelector("[data-words]");
  pickEmoji(button, (emoji) => {
    field.setRangeText(emoji, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
});
