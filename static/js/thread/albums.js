// Albums: pictures sent together stand in one grid. inbox/web/presenters/album.py draws them by the same rule; here they follow what arrives.
const LEAST = 4;
const SHOWN = 4;
const APART = 60 * 1e6; // microseconds
const time = (tile) => Number(tile.dataset.place.split(",")[0]);
let focused;

function open(album) {
  // A node that moves loses the focus: form() gives it back.
  if (album.contains(document.activeElement)) focused = document.activeElement;
  album.replaceWith(...album.children);
}

/** Take apart the albums that a message is in or stands beside, so that what is put there has plain neighbours. */
export function loosen(message) {
  if (!message) return;
  const own = message.closest(".album");
  for (const one of [(own ?? message).previousElementSibling, own, (own ?? message).nextElementSibling]) {
    if (one?.matches(".album")) open(one);
  }
}

function together(one, other) {
  return other?.matches("[data-tile]") && one.dataset.group === other.dataset.group && time(other) - time(one) <= APART;
}

function wrap(tiles) {
  const album = document.createElement("div");
  album.className = "album";
  album.role = "group";
  album.ariaLabel = `${tiles.length} pictures sent together`;
  if (tiles.length > SHOWN) album.dataset.more = `+${tiles.length - SHOWN}`;
  if (tiles.some((tile) => tile.contains(document.activeElement))) focused = document.activeElement;
  tiles[0].before(album);
  album.append(...tiles);
}

/** Make albums of the pictures that stand free together. */
export function form(container) {
  let run = [];
  for (const tile of [...container.querySelectorAll("[data-part] > [data-tile]"), undefined]) {
    const last = run.at(-1);
    if (tile && last?.nextElementSibling === tile && together(last, tile)) {
      run.push(tile);
      continue;
    }
    if (run.length >= LEAST) wrap(run);
    run = tile ? [tile] : [];
  }
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  focused = undefined;
}
