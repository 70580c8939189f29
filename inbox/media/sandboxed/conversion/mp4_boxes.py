"""The boxes of an MP4 file (ISO/IEC 14496-12 §4.2): in which order they come, and what hidden data is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

#: Boxes that hold other boxes and are looked into.
CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst", b"edts"})
#: Top-level boxes of a film that plays while it arrives and hides nothing.
TIDY = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})
#: What free-form boxes are: users' data, tags, and anything a vendor thought of.
HIDING = frozenset({b"udta", b"meta", b"uuid"})
#: What a film in fragments has besides; none of it is anybody's words.
FRAGMENTS = frozenset({b"moof", b"sidx", b"styp", b"mfra"})
MOST_BOXES = 10_000
DEEPEST = 8
#: The encoder's name is all that FFmpeg writes.
HARMLESS_TAGS = frozenset({b"\xa9too"})


class Box(NamedTuple):
    kind: bytes
    start: int
    end: int


class Boxes(NamedTuple):
    """What matters before a film is sent: ``in_order`` when its directory precedes its pictures, as WhatsApp demands;
    ``hidden`` when it holds more than pictures and sound; ``located`` when that names a place."""

    in_order: bool
    hidden: bool
    located: bool


def inspect(path: Path) -> Boxes:
    """Walk through the file's boxes, without reading its pictures. A file that cannot be walked through hides all."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            top = list(_boxes(file, 0, size))
            kinds = [box.kind for box in top]
            in_order = b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")
            in_order = in_order and b"moof" not in kinds  # a film in fragments names only the first ones
            moov = next((box for box in top if box.kind == b"moov"), None)
            content = _read(file, moov) if moov is not None else b""
            hidden = not set(kinds) <= TIDY | FRAGMENTS or (moov is not None and _hides(file, moov))
        except ValueError:
            return Boxes(in_order=False, hidden=True, located=False)
    return Boxes(in_order, hidden, any(word in content for word in (b"\xa9xyz", b"loci", b"location")))


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    for _ in range(MOST_BOXES):
        if at == end or at + 8 > end:
            return
        file.seek(at)
        header = file.read(16)
        length, kind, body = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if length == 1:
            length, body = int.from_bytes(header[8:16], "big"), at + 16
        elif length == 0:
            length = end - at
        if length < body - at or at + length > end:
            raise ValueError("a box larger than what it is in")
        yield Box(kind, body, at + length)
        at += length
    raise ValueError("too many boxes")


def _hides(file: BinaryIO, box: Box, depth: int = 0) -> bool:
    for inner in _boxes(file, box.start, box.end):
        if inner.kind in HIDING:
            if not _harmless(file, inner):
                return True
        elif inner.kind in CONTAINERS and (depth >= DEEPEST or _hides(file, inner, depth + 1)):
            return True
    return False


def _harmless(file: BinaryIO, box: Box) -> bool:
    """Whether a users' data box holds nothing, or only the name of the program that wrote the file."""
    try:
        return box.kind != b"uuid" and _only_names_program(file, box)
    except ValueError:  # QuickTime's boxes of these kinds are laid out otherwise
        return False


def _only_names_program(file: BinaryIO, box: Box) -> bool:
    if box.kind == b"meta":
        inside = list(_boxes(file, box.start + 4, box.end))
        lists = [inner for inner in inside if inner.kind == b"ilst"]
        if any(inner.kind not in (b"hdlr", b"ilst", b"free") for inner in inside):
            return False
        return all(tag.kind in HARMLESS_TAGS for inner in lists for tag in _boxes(file, inner.start, inner.end))
    return all(inner.kind == b"meta" and _only_names_program(file, inner) for inner in _boxes(file, box.start, box.end))


def _read(file: BinaryIO, box: Box) -> bytes:
    file.seek(box.start)
    return file.read(min(box.end - box.start, 16 * 1024 * 1024))
