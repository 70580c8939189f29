// Arranges pictures that were sent together as albums, as inbox/web/presenters/days.py does.
import { interpolate, ngettext } from "../i18n.js";
import { ALBUM_LEAST, ALBUM_SHOWN, ALBUM_WITHIN } from "../page/rules.js";

const time = (tile) => Number(tile.dataset.place.split(",")[0]);
let focused;

function open(album) {
  // A moved element loses the focus; form() restores it.
  if (album.contains(document.activeElement)) focused = document.activeElement;
  album.replaceWith(...album.children);
}

/** Dissolve the albums that contain or adjoin a message, so that a message can be inserted there. */
export function loosen(message) {
  if (!message) return;
  const own = message.closest(".album");
  for (const one of [(own ?? message).previousElementSibling, own, (own ?? message).nextElementSibling]) {
    if (one?.matches(".album")) open(one);
  }
}

function together(one, other) {
  return other?.matches("[data-tile]") && one.dataset.group === other.dataset.group && time(other) - time(one) <= ALBUM_WITHIN;
}

function wrap(tiles) {
  const album = document.createElement("div");
  album.className = "album";
  album.role = "group";
  album.ariaLabel = interpolate(ngettext("%(count)s picture sent together", "%(count)s pictures sent together", tiles.length), { count: tiles.length });
  if (tiles.length > ALBUM_SHOWN) album.dataset.more = `+${tiles.length - ALBUM_SHOWN}`;
  if (tiles.some((tile) => tile.contains(document.activeElement))) focused = document.activeElement;
  tiles[0].before(album);
  album.append(...tiles);
}

/** Form albums of adjacent pictures. */
export function form(container) {
  let run = [];
  for (const tile of [...container.querySelectorAll("[data-part] > [data-tile]"), undefined]) {
    const last = run.at(-1);
    if (tile && last?.nextElementSibling === tile && together(last, tile)) {
      run.push(tile);
      continue;
    }
    if (run.length >= ALBUM_LEAST) wrap(run);
    run = tile ? [tile] : [];
  }
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  focused = undefined;
}
