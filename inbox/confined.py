"""What a child process that opens hostile files gives up before it opens one; imported by such processes only."""

from __future__ import annotations

import errno
import os
import resource
import signal

OPEN_FILES = 64
#: What the disk is to blame for, whatever the file is.
FAULTS_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


def confine(*, memory_bytes: int, cpu_seconds: int, wall_seconds: int, file_bytes: int) -> None:
    """Give up, for good, what the work does not need. A file that wants more costs its own result, nothing else.

    ``file_bytes`` is how large each file that the process writes may become. Works once per process.
    """
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        # At the soft limit a signal says why it ended; at the hard one it is killed like by anybody.
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 5),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, allowed = resource.getrlimit(what)
        if allowed != resource.RLIM_INFINITY:
            soft, hard = min(soft, allowed), min(hard, allowed)
        resource.setrlimit(what, (soft, hard))
    os.nice(10)
    signal.alarm(wall_seconds)  # ends an orphan whose worker was killed
