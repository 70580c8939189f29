// The emoji that were chosen last in this browser.
const KEY = "recent-emoji";
const KEEP = 24;

export const recent = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");

export function remember(emoji) {
  localStorage.setItem(KEY, JSON.stringify([...new Set([emoji, ...recent()])].slice(0, KEEP)));
}
