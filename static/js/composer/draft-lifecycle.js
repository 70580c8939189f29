// Saves the draft when a conversation or the page is left, and restores it when one is opened.
import { on } from "../page/events.js";
import { restore, save } from "./draft.js";

on("htmx:beforeRequest", ({ detail }) => detail.target?.id === "conversation" && save());
on("visibilitychange", () => document.visibilityState === "hidden" && save(true));
window.addEventListener("pagehide", () => save(true));
on("htmx:afterSettle", ({ target }) => target.id === "conversation" && restore());
on("inbox:composer", restore);
restore();
