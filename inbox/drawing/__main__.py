"""The process itself: limits first, then the part that knows the type, then ``result.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inbox.confined import FAULTS_OF_THE_DISK, confine
from inbox.drawing import ImpossibleError

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 60
WALL_SECONDS = 120
FILE_BYTES = 64 * 1024 * 1024


def limit() -> None:
    """Give up, for good, what a preview does not need."""
    confine(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS, file_bytes=FILE_BYTES)


def drawer(content_type: str) -> Callable[[Path, Path, str], dict[str, Any]]:
    """What draws this type; its decoder is imported only now, so that each process loads one."""
    kind = content_type.partition("/")[0]
    if kind == "image":
        from inbox.drawing import pictures

        return pictures.draw
    if kind in ("video", "audio"):
        from inbox.drawing import recordings

        return recordings.draw
    from inbox.drawing import documents

    return documents.draw


def main() -> None:
    source, target, content_type = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    limit()
    try:
        if len(sys.argv) > 4:
            from inbox.drawing import pages

            result = pages.draw(source, target, int(sys.argv[4]), int(sys.argv[5]))
        else:
            result = drawer(content_type)(source, target, content_type)
    except ImpossibleError as error:
        result = {"impossible": str(error)}
    except MemoryError:
        result = {"impossible": "Drawing a preview of this file takes more memory than it may."}
    except Exception as error:  # whatever a decoder raises on a hostile file, the file is to blame
        if getattr(error, "errno", None) in FAULTS_OF_THE_DISK:
            raise  # no result: it is tried again
        result = {
            "impossible": "This file is damaged or unusual, so it has no preview.",
            "because": type(error).__name__,
        }
    (target / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
