"""Test files that take long to make are made once and kept on disk, for all processes and later runs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec

import av
import PIL
from django.conf import settings

P = ParamSpec("P")
HERE = Path(__file__).parent


@functools.cache
def _folder() -> Path:
    """Another one after a change of what makes the files: our two modules, Pillow or PyAV."""
    makers = [(HERE / name).read_bytes() for name in ("samples.py", "conversions.py")]
    digest = sha256(b"".join([*makers, PIL.__version__.encode(), av.__version__.encode()])).hexdigest()
    folder: Path = settings.DATA_DIR / "samples" / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept(make: Callable[P, bytes]) -> Callable[P, bytes]:
    """Keep what this function returns, by its arguments, which must have a stable ``repr``."""

    @functools.wraps(make)
    def read_or_make(*args: P.args, **kwargs: P.kwargs) -> bytes:
        call = repr((make.__name__, args, sorted(kwargs.items())))
        path = _folder() / sha256(call.encode()).hexdigest()
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(make(*args, **kwargs))
            unfinished.rename(path)
        return path.read_bytes()

    return read_or_make
