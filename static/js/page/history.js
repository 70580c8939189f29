// Makes Back close what was opened last: every dialog, picker or panel is an entry of the browser's history.
const layers = []; // {element, close} of what is open, the newest last
const address = () => location.pathname + location.search;
let shown = address(); // what the page shows now
/** The address before the last move in the history. */
export let was = shown;
let arrived; // called when the pending history.go() is done
let busy = Promise.resolve(); // changes of the history run one after another

/** The list's filter in an address. */
export function words(at = location.href) {
  const all = new URL(at, location.origin).searchParams;
  return new URLSearchParams(["filter", "number", "q"].filter((name) => all.get(name)).map((name) => [name, all.get(name)]));
}

/** Go back so many entries. Resolves when the browser is there. */
function stepBack(steps) {
  return new Promise((resolve) => {
    arrived = resolve;
    history.go(-steps);
  });
}

export const back = (steps) => (busy = busy.then(() => stepBack(steps)));

/** Change the address without loading: as a new entry of the history, or with `again` in place of the current one. */
export function push(to, state = {}, { again = false } = {}) {
  if (again) history.replaceState({ ...history.state, ...state }, "", to);
  else history.pushState({ htmx: true, ...state }, "", to);
  shown = address();
}

/** Add an entry for something that opened over the page. Back calls `close`. */
export function opened(element, close) {
  busy = busy.then(() => {
    layers.push({ element, close });
    push(undefined, { ...history.state, layer: layers.length });
  });
}

/** Remove the entry of something that closed otherwise. Push nothing before this resolves. */
export function closed(element) {
  busy = busy.then(() => {
    const at = layers.findIndex((layer) => layer.element === element);
    if (at < 0) return undefined;
    const gone = layers.splice(at);
    for (const layer of gone.slice(1)) layer.close();
    // If another address was pushed meanwhile, Back leads there first.
    return history.state?.layer === at + gone.length ? stepBack(gone.length) : undefined;
  });
  return busy;
}

/** Open a dialog that Back closes. */
export function dialog(element) {
  if (element.open) return;
  element.showModal();
  opened(element, () => element.close());
  element.addEventListener("close", () => closed(element), { once: true });
}

window.addEventListener(
  "popstate",
  (event) => {
    const depth = event.state?.layer ?? 0;
    const ours = arrived || layers.length || depth;
    const same = address() === shown;
    was = shown;
    shown = address();
    while (layers.length > depth) layers.pop().close();
    arrived?.();
    arrived = undefined;
    if (!ours || !same) return;
    event.stopImmediatePropagation(); // the page below has not changed
    if (depth > layers.length) stepBack(depth - layers.length); // Forward, to something that is closed
  },
  true,
);
// Another conversation was opened: nothing is open over it.
document.addEventListener("htmx:pushedIntoHistory", () => {
  layers.length = 0;
  if (shown.split("?")[0] === "/") history.replaceState({ ...history.state, overList: true }, "");
  shown = address();
});

history.replaceState({ ...history.state, htmx: true }, "");
// The page was reloaded while something was open over it.
if (history.state?.layer) busy = stepBack(history.state.layer);
