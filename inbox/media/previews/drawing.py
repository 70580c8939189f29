"""Draw the previews of one stored file in the sandbox, and check what the child process left.

The child decoded a hostile file and may have been taken over: every value and file is checked before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.sandbox import parent as sandbox
from core.sandbox.parent import Cause, CrashError, UndecodableError
from inbox.media import document_contents
from inbox.media.content_types import HEAD_BYTES, sniff
from inbox.media.sandboxed import document_text, gettext_noop
from inbox.media.sandboxed.previews import LIMITS, OUTPUTS, work_for
from inbox.media.storage import media_storage
from inbox.models import Media
from inbox.models import media as media_model
from inbox.models.media import contents_key, playable_key, thumbnail_key

#: The reason shown when the file is to blame and the decoder has not said why.
IMPOSSIBLE = {
    Cause.DAMAGED: gettext_noop("This file is damaged or unusual, so it has no preview."),
    Cause.MEMORY: gettext_noop("A preview of this file would take too much memory."),
    Cause.TIME: gettext_noop("A preview of this file would take too long."),
}
THUMBNAIL_BYTES = 2 * 1024 * 1024
MAX_SIDE = 1_000_000
EXCERPT_CHARACTERS = 2000
#: The whole text that the page shows of a text file or an office document is kept for search.
TEXT_CHARACTERS = 100_000
#: The copies that the child may leave, by type.
COPIES = {"audio/mp4": "playable.m4a", "image/webp": "copy.webp"}


@dataclass
class Drawing:
    """The checked result for one file: what to store, and which columns to write."""

    #: Why there is no preview, as a sentence for agents; empty when there is one.
    impossible: str = ""
    #: The decoder's own error, for the log.
    because: str = ""
    columns: dict[str, Any] = field(default_factory=dict)
    thumbnail: Path | None = None
    #: A copy that every browser plays or shows, and its type.
    copy: Path | None = None
    copy_type: str = ""
    #: Whether every browser plays the file, or this copy of it.
    plays: bool = True
    contents: Path | None = None


def draw(content_type: str, source: Path, target: Path) -> Drawing:
    """Draw the file ``source`` into the folder ``target``. Raises CrashError, NoSandboxError."""
    try:
        result = sandbox.run(work_for(content_type), source, target, content_type, limits=LIMITS, outputs=OUTPUTS)
    except UndecodableError as error:
        return Drawing(impossible=str(error) or IMPOSSIBLE[error.cause], because=error.because)
    drawing = Drawing(columns=_columns(result))
    _check_thumbnail(drawing, target / "thumbnail.webp", result.get("thumbnail"))
    drawing.plays = result.get("plays") is not False
    _check_copy(drawing, target, result.get("copy"))
    if result.get("contents") is True:
        _check_contents(drawing, target / document_text.CONTENTS_NAME)
    return drawing


def store(media: Media, drawing: Drawing) -> None:
    """Put the files of a drawing into the storage. Raises StorageError. Safe to repeat."""
    for path, key, content_type in (
        (drawing.thumbnail, thumbnail_key(media, ""), "image/webp"),
        (drawing.copy, copy_key(media, drawing), drawing.copy_type),
        (drawing.contents, contents_key(media), "application/json"),
    ):
        if path is not None:
            with path.open("rb") as file:
                media_storage().put(key, file, content_type=content_type)


def copy_key(media: Media, drawing: Drawing) -> str:
    return playable_key(media, media_model.COPIES.get(drawing.copy_type, ""))


def _columns(result: dict[str, Any]) -> dict[str, Any]:
    """The child's values; those out of bounds are left out."""
    columns: dict[str, Any] = {}
    for name in ("width", "height", "pages"):
        value = result.get(name)
        if isinstance(value, int) and 0 < value <= MAX_SIDE:
            columns[name] = value
    duration = result.get("duration")
    if isinstance(duration, int | float) and 0 < duration < 10_000_000:
        columns["duration"] = float(duration)
    waveform = result.get("waveform")
    if isinstance(waveform, list) and all(isinstance(point, int) and 0 <= point <= 100 for point in waveform):
        columns["waveform"] = waveform[:64]
    if result.get("animated") is True:
        columns["animated"] = True
    if isinstance(result.get("excerpt"), str):
        excerpt = result["excerpt"].replace("\0", " ").encode("utf-8", "replace").decode()
        columns["excerpt"] = excerpt[:EXCERPT_CHARACTERS]
    return columns


def _check_thumbnail(drawing: Drawing, path: Path, size: Any) -> None:
    if isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and 0 < side < 5000 for side in size):
        if sniff(sandbox.read(path, THUMBNAIL_BYTES)[:HEAD_BYTES]).content_type != "image/webp":
            raise CrashError("left a thumbnail that is not WebP")
        drawing.thumbnail = path
        drawing.columns |= {"thumbnail_width": size[0], "thumbnail_height": size[1]}


def _check_copy(drawing: Drawing, target: Path, content_type: Any) -> None:
    if content_type in COPIES:
        path = target / COPIES[content_type]
        if sniff(sandbox.read(path, HEAD_BYTES, whole=False)).content_type != content_type:
            raise CrashError("left a copy of another type than it says")
        drawing.copy, drawing.copy_type = path, content_type


def _check_contents(drawing: Drawing, path: Path) -> None:
    contents = document_contents.parse(sandbox.read(path, document_contents.MOST_BYTES))
    if contents is None:
        raise CrashError("left a document's text that cannot be parsed")
    drawing.contents = path
    drawing.columns["excerpt"] = contents.text()[:TEXT_CHARACTERS]
