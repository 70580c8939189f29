// What all players share: one plays at a time, with the chosen speed, and played voice notes are remembered.
import { emit } from "../page/events.js";

const SPEEDS = [1, 1.5, 2];
const KEPT = 3000; // voice notes remembered in this browser
const heardKey = `heard.${document.querySelector(".app")?.dataset.agent ?? ""}`;

function recall(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // the same: it holds until the page is left
  }
}

export let speed = SPEEDS.find((one) => String(one) === recall("speed")) ?? 1;
const heard = new Set(recall(heardKey).split(" ").filter(Boolean));

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function faster() {
  speed = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length];
  remember("speed", speed);
  for (const media of document.querySelectorAll("audio, video")) media.playbackRate = media.loop ? 1 : speed;
  emit("speed");
}

export const wasHeard = (id) => heard.has(id);

export function hear(id) {
  if (heard.has(id)) return;
  heard.add(id);
  remember(heardKey, [...heard].slice(-KEPT).join(" "));
}

/** Keys on a slider of seconds: five seconds an arrow, and the space bar plays. */
export function slider(input, toggle) {
  input.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 5, ArrowUp: 5, ArrowLeft: -5, ArrowDown: -5 }[event.key];
    if (!way && event.key !== " ") return;
    event.preventDefault();
    if (!way) return toggle();
    input.value = Number(input.value) + (document.dir === "rtl" && event.key.match(/Left|Right/) ? -way : way);
    input.dispatchEvent(new Event("input"));
  });
}

document.addEventListener(
  "play",
  ({ target }) => {
    if (target.loop) return; // moving pictures without sound disturb nobody
    target.playbackRate = target.defaultPlaybackRate = speed;
    for (const other of document.querySelectorAll("audio, video")) if (other !== target && !other.loop) other.pause();
  },
  true,
);
