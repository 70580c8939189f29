"""Convert a file into what WhatsApp takes, in a child process that may fail."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from core.sandbox import parent as sandbox
from core.sandbox.parent import Cause, CrashError, NoSandboxError, UndecodableError
from inbox.media.content_types import HEAD_BYTES, sniff
from inbox.media.sandboxed import gettext_noop
from inbox.media.sandboxed.conversion import LIMITS, work_for
from whatsapp import file_sizes, limits
from whatsapp.events import Kind

log = structlog.get_logger(__name__)

MAX_SIDE = 1_000_000
MAX_CHANGES = 8

#: The file that the child leaves, by its type.
MADE = {
    "image/jpeg": "converted.jpg",
    "image/png": "converted.png",
    "image/webp": "converted.webp",
    "video/mp4": "converted.mp4",
    "audio/mp4": "converted.m4a",
    "audio/ogg": "converted.ogg",
}
#: The types that may be sent unchanged, and their extensions.
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
        *("image/heic", "image/heif", "image/avif", "image/jp2", "image/j2c"),
    }
)
FILMS = frozenset(
    {
        *("video/mp4", "video/quicktime", "video/3gpp", "video/webm", "video/x-matroska", "video/x-msvideo"),
        *("video/ogg", "video/x-ms-wmv"),
    }
)
SOUNDS = frozenset(
    {
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/amr-wb", "audio/wav", "audio/flac"),
        *("audio/webm", "audio/x-matroska", "audio/aiff", "audio/basic", "audio/gsm", "audio/x-caf", "audio/x-ms-wma"),
    }
)
ANIMATIONS = frozenset({"image/gif", "image/webp"})
#: The types that can be converted to each kind.
SOURCES = {
    Kind.IMAGE: PICTURES,
    Kind.STICKER: PICTURES,
    Kind.VIDEO: FILMS | ANIMATIONS,
    Kind.AUDIO: SOUNDS | FILMS,
}
NO_SOURCE = {
    Kind.IMAGE: gettext_noop("This file is not a picture."),
    Kind.STICKER: gettext_noop("This file is not a picture, so it can’t be a sticker."),
    Kind.VIDEO: gettext_noop("This file is not a video."),
    Kind.AUDIO: gettext_noop("There is nothing to hear in this file."),
}
TOO_LARGE = gettext_noop("This file is larger than 100 MB, the most that WhatsApp takes.")
EMPTY = gettext_noop("This file is empty.")
NO_FILE = gettext_noop("A message of this kind carries no file.")
NO_SANDBOX = gettext_noop("Files can’t be converted on this server.")
#: The reason shown when the file is to blame and the decoder has not said why.
IMPOSSIBLE = {
    Cause.DAMAGED: gettext_noop("This file is damaged or unusual, so it can’t be converted."),
    Cause.MEMORY: gettext_noop("Converting this file takes too much memory."),
    Cause.TIME: gettext_noop("Converting this file takes too long."),
}
AS_IT_IS = gettext_noop("Sent exactly as it is, with any location and camera details it contains")
DOCUMENT_INSTEAD = gettext_noop("It can be sent as a document.")


class ConversionCrashError(Exception):
    """The child crashed; another attempt may work. The text says how it ended, for the log."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What is sent instead of a file, or why it cannot be sent."""

    #: The new file, inside the directory that was given; None: the original goes unchanged.
    path: Path | None
    content_type: str
    #: With its dot; empty for an unknown type.
    extension: str
    #: What was changed, as short sentences for the agent.
    changes: tuple[str, ...] = ()
    #: Why it cannot be sent, in a sentence for the agent; empty: it can.
    refusal: str = ""
    #: Whether a refused file can be sent as a document.
    as_document: bool = False
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
    """Convert the file ``source`` into what WhatsApp takes as ``kind``, or say in a sentence why that cannot be.

    ``content_type`` is what `content_types` says of it; ``voice`` asks for a voice note (kind AUDIO only). ``source``
    is never changed; the result is in a new directory inside ``directory``, which the caller deletes. A document is
    not changed at all: who sends a photo that way wants to lose nothing, hidden data included. Takes up to ten minutes
    for a long film; ``on_wait`` is called meanwhile and may raise to stop. Raises ConversionCrashError. Safe to repeat.
    """
    size = source.stat().st_size
    if settled := _without_conversion(kind, content_type, size):
        return settled
    form = "voice" if voice and kind == Kind.AUDIO else str(kind)
    target = Path(tempfile.mkdtemp(dir=directory, prefix="converted-"))
    converted = None
    advice = _or_as_document(content_type, size)
    try:
        work, outputs = work_for(form, content_type), tuple(MADE.values())
        result = sandbox.run(work, source, target, content_type, limits=LIMITS, outputs=outputs, on_wait=on_wait)
        converted = _read(target, result, kind)
    except NoSandboxError:
        converted = _refused(content_type, NO_SANDBOX, advice)
    except UndecodableError as error:
        log.info("conversion_refused", kind=str(kind), content_type=content_type, because=error.because)
        sentence = str(error) or IMPOSSIBLE[error.cause]
        converted = _refused(content_type, sentence, "" if error.broken else advice)
    except CrashError as error:
        log.warning("conversion_crashed", kind=str(kind), content_type=content_type, size=size, reason=str(error))
        raise ConversionCrashError(str(error)) from error
    finally:
        if converted is None or converted.path is None:
            shutil.rmtree(target, ignore_errors=True)
    return converted


def _without_conversion(kind: Kind, content_type: str, size: int) -> Converted | None:
    """What needs no child process: documents, and files that cannot become this kind."""
    if not size:
        return _refused(content_type, EMPTY)
    if kind == Kind.DOCUMENT:
        return _document(content_type, size)
    if content_type not in SOURCES.get(kind, ()):
        sentence = NO_SOURCE.get(kind)
        if sentence is None:
            return _refused(content_type, NO_FILE)
        return _refused(content_type, sentence, _or_as_document(content_type, size))
    if size > file_sizes.BYTES[Kind.DOCUMENT]:
        return _refused(content_type, TOO_LARGE)
    return None


def _refused(content_type: str, sentence: str, advice: str = "") -> Converted:
    """``advice`` comes from `_or_as_document`; empty when it can be sent in no form."""
    extension = EXTENSIONS.get(content_type, "")
    return Converted(None, content_type, extension, refusal=sentence + advice, as_document=bool(advice))


def _or_as_document(content_type: str, size: int) -> str:
    """Advice for a refused file: send it as it is, where that is possible."""
    return "" if limits.refuse_file(Kind.DOCUMENT, content_type, size) else f" {DOCUMENT_INSTEAD}"


def _document(content_type: str, size: int) -> Converted:
    if size > file_sizes.BYTES[Kind.DOCUMENT]:
        return _refused(content_type, TOO_LARGE)
    personal = content_type in PICTURES or content_type in FILMS
    return Converted(None, content_type, EXTENSIONS.get(content_type, ""), (AS_IT_IS,) if personal else ())


def _read(target: Path, result: dict[str, Any], kind: Kind) -> Converted:
    """The child's result, checked: it decoded a hostile file and may have been taken over."""
    content_type = str(result.get("content_type"))
    facts = _facts(result)
    changes = tuple(sandbox.text(change, 120) for change in _list(result.get("changes"))[:MAX_CHANGES])
    if not result.get("file"):
        if content_type not in EXTENSIONS:
            raise CrashError("left a type that WhatsApp does not take")
        return Converted(None, content_type, EXTENSIONS[content_type], changes, **facts)
    path = target / MADE.get(content_type, "nothing")
    # Opened without following a link first: only a file of the child's own goes further.
    if sniff(sandbox.read(path, HEAD_BYTES, whole=False)).content_type != content_type:
        raise CrashError("left a file of another type than it says")
    if not 0 < path.stat().st_size <= limits.max_bytes(kind, animated=facts.get("animated", False)):
        raise CrashError("left a file that is too large")
    return Converted(path, content_type, path.suffix, changes, **facts)


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
