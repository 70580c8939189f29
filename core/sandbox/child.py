"""What runs in the child: it imports the work, locks itself in, and only then opens the file.

``python -m core.sandbox.child WORK SOURCE TARGET TASK``, started by `child_process`. TASK is JSON. What came of it is
in ``result.json`` in TARGET: one of "done", "refused", "failed", "ours" (a fault of ours, not the file's) or
"unlocked" (the lock is missing, and the file was not opened).
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from core.sandbox import RESULT_NAME, Limits, Lock, RefusalError, kernel, landlock, seccomp

OPEN_FILES = 64
#: What the disk is to blame for, whatever the file is.
FAULTS_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
#: An orphan on a system that cannot end it with its parent ends this much later than it should.
ORPHAN_SECONDS = 5


def main() -> None:
    """Do the work that the arguments name. Ends the process without the interpreter's cleanup."""
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    task = json.loads(sys.argv[4])
    module = importlib.import_module(name.partition(":")[0])
    work = getattr(module, name.partition(":")[2])
    getattr(module, "prepare", _nothing)(*task["arguments"])
    outputs = [target / output for output in (RESULT_NAME, *task["outputs"])]
    result = target / RESULT_NAME
    try:
        prepare(Limits(**task["limits"]), task["parent"], outputs)
        lock(Lock(task["lock"]), source, outputs, _folders(module))
    except OSError as error:
        result.write_text(json.dumps({"unlocked": str(error)}))
        os._exit(0)
    # What is no dictionary is an object with attributes.
    text = json.dumps(outcome(work, source, target, *task["arguments"]), default=vars)
    result.write_text(text)
    os._exit(0)


def prepare(limits: Limits, parent: int, outputs: Iterable[Path]) -> None:
    """End with the parent, hold nothing open, use no more than ``limits``, and make the files that may be written.

    After the lock no other file can be made, so the limit on each is one on all of them. Raises OSError.
    """
    if kernel.LINUX:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before it could take us along
    os.closerange(3, 1 << 16)
    limit(limits)
    for output in outputs:
        os.close(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def limit(limits: Limits) -> None:
    """Lower this process's resource limits for good. A file that needs more only loses its own result."""
    for what, soft, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        # At the soft limit a signal says why it ended; at the hard one it is killed without being asked.
        (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 5),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, allowed = resource.getrlimit(what)
        if allowed != resource.RLIM_INFINITY:
            soft, hard = min(soft, allowed), min(hard, allowed)
        try:
            resource.setrlimit(what, (soft, hard))
        except ValueError:
            if kernel.LINUX:  # macOS refuses some of them
                raise
    os.nice(10)
    signal.alarm(limits.wall_seconds + ORPHAN_SECONDS)


def lock(kind: Lock, source: Path, outputs: Iterable[Path], folders: Iterable[str]) -> None:
    """Give up, for good, everything but reading ``source`` and ``folders`` and writing ``outputs``.

    Raises OSError when a part of it cannot be done: then nothing may be opened.
    """
    if kind is Lock.LIMITS:
        return
    if not kernel.SUPPORTED:
        raise OSError(errno.ENOSYS, f"There is no lock for {sys.platform} on {kernel.MACHINE}")
    kernel.hide_process()
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if kind is Lock.CLOSED:
        written = landlock.READ_FILE | landlock.WRITE_FILE | landlock.TRUNCATE
        rules = [(str(source), landlock.READ_FILE), *((str(output), written) for output in outputs)]
        rules += [(folder, landlock.READ_FILE | landlock.READ_DIR) for folder in folders if os.path.isdir(folder)]
        landlock.restrict(rules)
    seccomp.restrict()


def outcome(work: Callable[..., object], source: Path, target: Path, *arguments: str) -> dict[str, Any]:
    """Do the work and return its outcome. Raises OSError when the disk is to blame."""
    try:
        return {"done": work(source, target, *arguments)}
    except Exception as error:
        if fault := _fault_of_ours(error):
            return {"ours": f"{type(fault).__name__}: {fault}"[:500]}
        if isinstance(error, RefusalError):
            return {"refused": str(error), "broken": error.broken}
        if isinstance(error, MemoryError):
            return {"failed": "memory"}
        if getattr(error, "errno", None) in FAULTS_OF_THE_DISK:
            raise
        # Any other exception of a decoder is the hostile file's fault.
        return {"failed": "damaged", "because": f"{type(error).__name__}: {error}"[:500]}


def _fault_of_ours(error: BaseException) -> BaseException | None:
    """What no file can cause: the work wants something that it did not import or open before the lock. Decoders may
    have taken that for a damaged file, and raised something else."""
    if isinstance(error, ImportError):
        return error
    before: BaseException | None = error
    while before is not None and not isinstance(before, PermissionError):
        before = before.__cause__ or before.__context__
    return before


def _nothing(*_: str) -> None:
    """There is nothing to prepare."""


def _folders(module: ModuleType) -> tuple[str, ...]:
    return tuple(getattr(module, "READABLE_FOLDERS", ()))


if __name__ == "__main__":
    main()
