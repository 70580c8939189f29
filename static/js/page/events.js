// Events by which modules tell each other what happened, without importing each other.

/** Tell whoever listens for `inbox:<name>`. */
export function emit(name, detail) {
  document.dispatchEvent(new CustomEvent(`inbox:${name}`, { detail }));
}

/** Listen for several events of the document, named in full and separated by spaces. */
export function on(names, act) {
  for (const name of names.split(" ")) document.addEventListener(name, act);
}
