"""Files that agents and programs want to send, made into what WhatsApp takes by a child process that may fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from inbox import child_process
from inbox.sniffing import HEAD_BYTES, sniff
from whatsapp import limits
from whatsapp.events import Kind

log = structlog.get_logger(__name__)

#: The child ends itself before that (inbox.converting.__main__); this is for one that cannot.
CHILD_SECONDS = 11 * 60
MAX_SIDE = 1_000_000
MAX_CHANGES = 8

#: Where each type that the child makes is left, and the extension that goes with it.
MADE = {
    "image/jpeg": "converted.jpg",
    "image/png": "converted.png",
    "image/webp": "converted.webp",
    "video/mp4": "converted.mp4",
    "audio/mp4": "converted.m4a",
    "audio/ogg": "converted.ogg",
}
#: The types that go as they are, where the child finds nothing to change.
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
}
PICTURES = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/bmp"),
        *("image/heic", "image/heif", "image/avif"),
    }
)
FILMS = frozenset({"video/mp4", "video/quicktime", "video/3gpp", "video/webm", "video/x-matroska", "video/x-msvideo"})
SOUNDS = frozenset(
    {
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/amr-wb", "audio/wav", "audio/flac"),
        *("audio/webm", "audio/x-matroska"),
    }
)
ANIMATIONS = frozenset({"image/gif", "image/webp"})
#: What can become each kind.
SOURCES = {
    Kind.IMAGE: PICTURES,
    Kind.STICKER: PICTURES,
    Kind.VIDEO: FILMS | ANIMATIONS,
    Kind.AUDIO: SOUNDS | FILMS,
}
NO_SOURCE = {
    Kind.IMAGE: "This file is not a picture.",
    Kind.STICKER: "This file is not a picture, so it cannot be a sticker.",
    Kind.VIDEO: "This file is not a video.",
    Kind.AUDIO: "There is nothing to hear in this file.",
}
TOO_LARGE = "This file is larger than 100 MB, the most that WhatsApp carries."
AS_IT_IS = "Sent exactly as it is, with any location and camera details it contains"


class ConversionCrashError(Exception):
    """The child left no result. It may be worth another try; the text says how it ended, for the log."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What shall be sent instead of a file, or why it cannot be sent."""

    #: The new file, inside the directory that was given; None: the original goes unchanged.
    path: Path | None
    content_type: str
    #: With its dot; empty where the bytes say nothing.
    extension: str
    #: Short sentences for the agent: what is different now.
    changes: tuple[str, ...] = ()
    #: Why it cannot be sent, in a sentence for the agent; empty: it can.
    refusal: str = ""
    width: int | None = None
    height: int | None = None
    #: In seconds.
    duration: float | None = None
    animated: bool | None = None


def convert(
    source: Path,
    content_type: str,
    kind: Kind,
    directory: Path,
    *,
    voice: bool = False,
    on_wait: Callable[[], None] = lambda: None,
) -> Converted:
    """Make the file ``source`` into what WhatsApp takes as ``kind``, or say in a sentence why not.

    ``content_type`` is what `inbox.sniffing` says of it; ``voice`` asks for a voice note (kind AUDIO only). ``source``
    is never changed; what is made lies in a new directory inside ``directory``, which is the caller's to delete. A
    document is not touched at all: who sends a photo that way wants it to lose nothing, its hidden data included.
    Takes up to ten minutes for a long film; ``on_wait`` is called meanwhile and may raise to end it. Raises
    ConversionCrashError when the child died. Safe to repeat.
    """
    size = source.stat().st_size
    if not size:
        return _refused(content_type, "This file is empty.")
    if kind == Kind.DOCUMENT:
        return _document(content_type, size)
    if content_type not in SOURCES.get(kind, ()):
        sentence = NO_SOURCE.get(kind)
        if sentence is None:
            return _refused(content_type, "A message of this kind carries no file.")
        return _refused(content_type, sentence + _or_as_document(content_type, size))
    if size > limits.BYTES[Kind.DOCUMENT]:
        return _refused(content_type, TOO_LARGE)
    form = "voice" if voice and kind == Kind.AUDIO else str(kind)
    target = Path(tempfile.mkdtemp(dir=directory, prefix="converted-"))
    converted = None
    try:
        arguments = (content_type, form)
        if child_process.run("inbox.converting", source, target, *arguments, seconds=CHILD_SECONDS, on_wait=on_wait):
            converted = _read(target, content_type, kind, _or_as_document(content_type, size))
        else:
            sentence = "Converting this file takes longer than it may."
            converted = _refused(content_type, sentence + _or_as_document(content_type, size))
    except child_process.CrashError as error:
        log.warning("conversion_crashed", kind=str(kind), content_type=content_type, size=size, reason=str(error))
        raise ConversionCrashError(str(error)) from error
    finally:
        if converted is None or converted.path is None:
            shutil.rmtree(target, ignore_errors=True)
    return converted


def _refused(content_type: str, sentence: str) -> Converted:
    return Converted(None, content_type, EXTENSIONS.get(content_type, ""), refusal=sentence)


def _or_as_document(content_type: str, size: int) -> str:
    """What else can be done with a file that is refused: nothing, or send it as it is."""
    return "" if limits.refuse_file(Kind.DOCUMENT, content_type, size) else " It can be sent as a document."


def _document(content_type: str, size: int) -> Converted:
    if size > limits.BYTES[Kind.DOCUMENT]:
        return _refused(content_type, TOO_LARGE)
    personal = content_type in PICTURES or content_type in FILMS
    return Converted(None, content_type, EXTENSIONS.get(content_type, ""), (AS_IT_IS,) if personal else ())


def _read(target: Path, source_type: str, kind: Kind, advice: str) -> Converted:
    """The child's result, checked: it decoded a hostile file, so its word is not taken for anything."""
    result = child_process.read_result(target)
    refusal = result.get("refusal")
    if refusal:
        log.info(
            "conversion_refused", kind=str(kind), content_type=source_type, because=str(result.get("because"))[:200]
        )
        return _refused(source_type, _sentence(refusal, 300) + ("" if result.get("broken") else advice))
    content_type = str(result.get("content_type"))
    facts = _facts(result)
    changes = tuple(_sentence(change, 120) for change in _list(result.get("changes"))[:MAX_CHANGES])
    if not result.get("file"):
        if content_type not in EXTENSIONS:
            raise child_process.CrashError("left a type that is none of WhatsApp's")
        return Converted(None, content_type, EXTENSIONS[content_type], changes, **facts)
    path = target / MADE.get(content_type, "nothing")
    # Opened without following a link first: only a file of the child's own goes further.
    if sniff(child_process.read(path, HEAD_BYTES, whole=False)).content_type != content_type:
        raise child_process.CrashError("left a file that is not what it says")
    if not 0 < path.stat().st_size <= limits.max_bytes(kind, animated=facts.get("animated", False)):
        raise child_process.CrashError("left a file that is too large")
    return Converted(path, content_type, path.suffix, changes, **facts)


def _sentence(value: Any, most: int) -> str:
    text = str(value).replace("\0", " ").encode("utf-8", "replace").decode()
    return " ".join(text.split())[:most]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _facts(result: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in ("width", "height"):
        value = result.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_SIDE:
            facts[name] = value
    duration = result.get("duration")
    if isinstance(duration, int | float) and not isinstance(duration, bool) and 0 < duration < 10_000_000:
        facts["duration"] = float(duration)
    if isinstance(result.get("animated"), bool):
        facts["animated"] = result["animated"]
    return facts
