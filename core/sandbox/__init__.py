"""Decode hostile files in a child process that locks itself in before it opens one.

A kind of work is one function in a module of its own, ``def draw(source: Path, target: Path, *arguments: str)``: it
reads the file ``source``, writes into the outputs that were named for it in the folder ``target``, and returns a
dictionary that JSON can hold (or an object with such attributes), or raises RefusalError. `parent.run` runs it as
"package.module:function". Everything that the function needs has to be imported at the top of its module: after the
lock nothing can be imported any more. What only some files need goes into a function ``prepare(*arguments)`` beside it,
which runs before the lock. A module that has to read folders besides (fonts) names them in READABLE_FOLDERS; one whose
files may be in any character set imports `charsets`.

`child` is what runs in the child, `landlock` and `seccomp` are its lock, `child_process` starts it, `parent` decides
whether it may run on this machine, `probe` tries what a child can still reach. Nothing here knows the inbox or
WhatsApp, and this module, `child` and the lock import nothing that is slow to load.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

RESULT_NAME = "result.json"


class Lock(Enum):
    """What a child gives up before it opens the file, besides its limits."""

    #: Landlock for files and a list of allowed system calls for everything else. What production requires.
    CLOSED = "closed"
    #: The list of system calls alone: no network, no processes, but any file of the user can be read and written.
    FILTER = "filter"
    #: Nothing but limits on memory, time and size.
    LIMITS = "limits"


class Limits(NamedTuple):
    """What one child may use."""

    memory_bytes: int
    #: Processor time, of all threads together.
    cpu_seconds: int
    wall_seconds: int
    #: How large each file that it writes may become.
    file_bytes: int


class RefusalError(Exception):
    """The work cannot be done with this file. The text is a sentence for its reader; ``broken``: with no file as
    damaged as this one, whatever is asked for."""

    def __init__(self, sentence: str, *, broken: bool = False) -> None:
        super().__init__(sentence)
        self.broken = broken
