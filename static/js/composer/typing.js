// Tells the customer “typing…” while an agent writes.
import { on } from "../page/events.js";
import { post } from "../page/requests.js";

const TYPING = 20_000; // milliseconds; WhatsApp shows “typing…” for 25 seconds
let typingAt = 0;

on("input", ({ target }) => {
  const form = target.closest("[data-answer]");
  if (!form || !target.matches("[data-words]") || Date.now() - typingAt < TYPING || !target.value.trim()) return;
  typingAt = Date.now();
  post(form.dataset.typing, new FormData());
});
on("inbox:sending", () => (typingAt = 0));
