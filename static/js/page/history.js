// The browser's Back closes what was opened last: each dialog, picker or panel over the page is a step of the history.
const layers = []; // {element, close}, the last opened last
const address = () => location.pathname + location.search;
let shown = address(); // what the page shows
/** What it showed before the last step of the history. */
export let was = shown;
let arrived; // called when the step that is on its way has arrived
let busy = Promise.resolve(); // one change of the history after another

/** What the list is narrowed to, as its addresses say it. */
export function words(at = location.href) {
  const all = new URL(at, location.origin).searchParams;
  return new URLSearchParams(["filter", "number", "q"].filter((name) => all.get(name)).map((name) => [name, all.get(name)]));
}

/** Go back so many steps; resolves once the browser did. */
function stepBack(steps) {
  return new Promise((resolve) => {
    arrived = resolve;
    history.go(-steps);
  });
}

export const back = (steps) => (busy = busy.then(() => stepBack(steps)));

/** Another address for what the page shows now, as a step of its own or in place of the last one. */
export function push(to, state = {}, { again = false } = {}) {
  if (again) history.replaceState({ ...history.state, ...state }, "", to);
  else history.pushState({ htmx: true, ...state }, "", to);
  shown = address();
}

/** Something opened over the page; Back calls `close`. */
export function opened(element, close) {
  busy = busy.then(() => {
    layers.push({ element, close });
    push(undefined, { ...history.state, layer: layers.length });
  });
}

/** It closed by other means. Resolves when its step is out of the history; before that, nothing may be pushed. */
export function closed(element) {
  busy = busy.then(() => {
    const at = layers.findIndex((layer) => layer.element === element);
    if (at < 0) return undefined;
    const gone = layers.splice(at);
    for (const layer of gone.slice(1)) layer.close();
    // Where a further address was pushed meanwhile, Back leads there first.
    return history.state?.layer === at + gone.length ? stepBack(gone.length) : undefined;
  });
  return busy;
}

/** Show a dialog that Back closes. */
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
    event.stopImmediatePropagation(); // what lies behind has not changed
    if (depth > layers.length) stepBack(depth - layers.length); // forward, to what was closed
  },
  true,
);
// Another conversation: what was open over the one before went with it.
document.addEventListener("htmx:pushedIntoHistory", () => {
  layers.length = 0;
  if (shown.split("?")[0] === "/") history.replaceState({ ...history.state, overList: true }, "");
  shown = address();
});

history.replaceState({ ...history.state, htmx: true }, "");
// The page was read again with something open over it.
if (history.state?.layer) busy = stepBack(history.state.layer);
