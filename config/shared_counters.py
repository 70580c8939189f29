"""Where the processes of one machine keep their counters, so that /metrics can tell of all of them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

#: What prometheus_client names a process's files after.
KINDS = ("counter", "histogram", "gauge_livesum")
#: Bytes of such a file, a power of two as prometheus_client makes them. Ours use a third.
FILE_BYTES = 256 * 1024
#: Files of ended processes that are left as they are; more are added up into one.
ENDED_LIMIT = 20
#: Process id of the file that holds the sums of ended processes: no process has it.
ENDED = 0


def share_counters(data_dir: Path) -> None:
    """Let this process keep its counters below ``data_dir``, one folder for each machine, if it serves or works.

    To be called before prometheus_client is imported, which reads the variable then. Commands that end at once count
    for nobody. Where the folder cannot be made or the disk is full, each process counts for itself.
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
    """The ids of the processes that keep their counters here and run."""
    pids = {_pid(path) for path in folder.glob("counter_*.db")}
    return sorted(pid for pid in pids if pid != ENDED and _runs(pid))


def _reserve(path: Path) -> None:
    """Take a file's room on the disk now. Raises OSError when there is none: prometheus_client writes through memory,
    where a full disk is no error but the end of the process (SIGBUS)."""
    if path.exists():
        return
    try:
        with path.open("wb") as file:
            file.write(bytes(FILE_BYTES))
    except OSError:
        path.unlink(missing_ok=True)
        raise


def tidy(folder: Path) -> None:
    """Forget the live gauges of ended processes, and add up their counters once there are many such files. Safe to run
    at any time: one caller at once does it."""
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
    """Nobody adds up files of this folder during the block: one that is being read would vanish."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _add_up(path: Path, total: Path) -> None:
    from prometheus_client.mmap_dict import MmapedDict  # not before the variable is set

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
    """Whether a process exists. The file of the sums counts as one that does."""
    if pid == ENDED:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
