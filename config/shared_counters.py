"""Prometheus counters in files that all processes of a machine share, so that /metrics covers all of them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

#: The name prefixes of prometheus_client's files.
KINDS = ("counter", "histogram", "gauge_livesum")
#: Bytes per file: a power of two, as prometheus_client expects. Ours need a third.
FILE_BYTES = 256 * 1024
#: Files of ended processes that are kept; more are merged into one.
ENDED_LIMIT = 20
#: The process id in the name of the merged file: no process has it.
ENDED = 0


def share_counters(data_dir: Path) -> None:
    """Keep this process's counters in files below ``data_dir``, one folder per machine, if it is a web process or
    worker.

    Call it before prometheus_client is imported, which reads the environment variable then. Short commands aren't
    counted. When the folder can't be created or the disk is full, the process keeps its counters to itself.
    """
    command = Path(sys.argv[0]).name
    if command == "manage.py" and "worker" not in sys.argv[1:2]:
        return
    folder = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR") or data_dir / "metrics" / socket.gethostname())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in KINDS:
            _reserve(folder / f"{kind}_{os.getpid()}.db")
    except OSError:
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    with contextlib.suppress(OSError):
        tidy(folder)


def living(folder: Path) -> list[int]:
    """The ids of running processes with counters in this folder."""
    pids = {_pid(path) for path in folder.glob("counter_*.db")}
    return sorted(pid for pid in pids if pid != ENDED and _runs(pid))


def _reserve(path: Path) -> None:
    """Allocate a file's disk space now. Raises OSError when there is none: prometheus_client writes through mmap, where
    a full disk ends the process (SIGBUS)."""
    if path.exists():
        return
    try:
        with path.open("wb") as file:
            file.write(bytes(FILE_BYTES))
    except OSError:
        path.unlink(missing_ok=True)
        raise


def tidy(folder: Path) -> None:
    """Delete the live gauges of ended processes, and merge their counters when there are many. Safe to run at any time;
    concurrent calls do nothing."""
    ended = [path for path in folder.glob("*_*.db") if not _runs(_pid(path))]
    for path in ended:
        if path.name.startswith("gauge_live"):
            path.unlink(missing_ok=True)
    summed = [path for path in ended if path.name.startswith(("counter_", "histogram_"))]
    if len(summed) <= ENDED_LIMIT:
        return
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for path in summed:
            if path.exists():
                _add_up(path, folder / f"{path.name.rpartition('_')[0]}_{ENDED}.db")


@contextlib.contextmanager
def undisturbed(folder: Path) -> Iterator[None]:
    """Prevent merging during the block: a file that is being read would vanish."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _add_up(path: Path, total: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict  # after the variable is set

    _reserve(total)
    sums = MmapedDict(str(total))
    for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(str(path)):
        sums.write_value(key, sums.read_value(key)[0] + value, timestamp)
    sums.close()
    path.unlink(missing_ok=True)


def _pid(path: Path) -> int:
    word = path.stem.rpartition("_")[2]
    return int(word) if word.isdigit() else ENDED


def _runs(pid: int) -> bool:
    """Whether a process runs. The merged file counts as one that does."""
    if pid == ENDED:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
