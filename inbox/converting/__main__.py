"""The process itself: limits first, then the part that makes the form, then ``result.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inbox.confined import FAULTS_OF_THE_DISK, confine
from inbox.converting import Outcome, RefusalError

MEMORY_BYTES = 2 * 1024 * 1024 * 1024
#: Encoding uses two threads, so processor time passes faster than the wall's.
CPU_SECONDS = 18 * 60
WALL_SECONDS = 10 * 60
FILE_BYTES = 128 * 1024 * 1024


def limit() -> None:
    """Give up, for good, what a conversion does not need."""
    confine(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS, file_bytes=FILE_BYTES)


def converter(form: str) -> Callable[[Path, Path, str], Outcome]:
    """What makes this form; its decoders are imported only now, so that each process loads those it needs."""
    if form == "image":
        from inbox.converting import pictures

        return pictures.convert
    if form == "sticker":
        from inbox.converting import stickers

        return stickers.convert
    if form == "video":
        from inbox.converting import films

        return films.convert
    from inbox.converting import sounds

    return sounds.convert_voice if form == "voice" else sounds.convert


def main() -> None:
    source, target, content_type, form = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    limit()
    result: dict[str, Any]
    try:
        result = asdict(converter(form)(source, target, content_type))
    except RefusalError as error:
        result = {"refusal": str(error), "broken": error.broken}
    except MemoryError:
        result = {"refusal": "Converting this file takes more memory than it may."}
    except Exception as error:  # whatever a decoder raises on a hostile file, the file is to blame
        if getattr(error, "errno", None) in FAULTS_OF_THE_DISK:
            raise  # no result: it is tried again
        result = {
            "refusal": "This file is damaged or unusual, so it cannot be converted.",
            "because": f"{type(error).__name__}: {error}",
        }
    (target / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
