// Values kept in this browser for the signed-in agent: shared by all tabs, and still there after a reload.
const mine = `inbox.${document.querySelector(".app").dataset.agent}.`;
const memory = new Map(); // for browsers that store nothing or are full: kept until the page is left

export function set(name, value) {
  const text = JSON.stringify(value);
  memory.delete(mine + name);
  try {
    localStorage.setItem(mine + name, text);
  } catch {
    memory.set(mine + name, text);
  }
}

export function get(name) {
  let text = memory.get(mine + name);
  try {
    text ??= localStorage.getItem(mine + name);
  } catch {
    // the same
  }
  return text ? JSON.parse(text) : undefined;
}

export function remove(name) {
  memory.delete(mine + name);
  try {
    localStorage.removeItem(mine + name);
  } catch {
    // the same
  }
}

/** The names with this prefix, sorted. */
export function names(beginning) {
  let kept = [];
  try {
    kept = Object.keys(localStorage);
  } catch {
    // the same
  }
  const all = [...new Set([...kept, ...memory.keys()])];
  return all.filter((name) => name.startsWith(mine + beginning)).map((name) => name.slice(mine.length)).sort();
}
