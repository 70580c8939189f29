"""Pieces of work that tests run in the sandbox."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from core.sandbox import RefusalError


def echo(source: Path, target: Path, *arguments: str) -> dict[str, Any]:
    """Read the input, write the output "copy", and say what it was told and finds."""
    content = source.read_bytes()
    (target / "copy").write_bytes(content)
    return {"arguments": arguments, "size": len(content), "environment": dict(os.environ), "modules": list(sys.modules)}


def refuse(source: Path, target: Path) -> dict[str, Any]:
    raise RefusalError("It is too blue.", broken=True)


def fail(source: Path, target: Path) -> dict[str, Any]:
    raise ValueError("not\n\ud800 a picture")


def use_memory(source: Path, target: Path) -> dict[str, Any]:
    return {"size": len(bytes(4 << 30))}


def find_no_room(source: Path, target: Path) -> dict[str, Any]:
    raise OSError(errno.ENOSPC, "No space left on device")


def import_late(source: Path, target: Path) -> dict[str, Any]:
    importlib.import_module("wave")
    return {}


def open_another(source: Path, target: Path) -> dict[str, Any]:
    Path(__file__).read_text()
    return {}


def blame_the_file(source: Path, target: Path) -> dict[str, Any]:
    """As many a decoder does."""
    try:
        Path(__file__).read_text()
    except OSError:
        raise RefusalError("This picture is damaged.") from None
    return {}


def spin(source: Path, target: Path) -> dict[str, Any]:
    while True:
        pass
