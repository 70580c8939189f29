"""`make run` and `make reset`: everything the product needs on one machine, in one foreground command.

It starts the embedded PostgreSQL, migrates, creates the demo's accounts, then runs the web process, the worker and the
simulator as children until one of them ends. Secrets are generated once and kept in DATA_DIR.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config import embedded_postgresql, generated_secrets
from config.child_processes import Child

BASE_DIR = Path(__file__).resolve().parent.parent
#: All that `make reset` deletes below DATA_DIR: the folder may hold other files.
OURS = (
    "postgres",
    "postgres.new",
    ".postgres.lock",
    "media",
    "simulator",
    "static",
    "metrics",
    "development.env",
    "run.lock",
)
#: Seconds that the web process may take to answer, and that children get to end.
START_TIMEOUT = 60
#: Seconds that the embedded PostgreSQL may take until it answers.
DATABASE_SECONDS = 60
#: The apps whose tables this project makes.
OUR_APPS = {"inbox", "whatsapp"}
STOP_TIMEOUT = 10


class Refusal(Exception):
    """Why it cannot start and what to do about it; printed instead of a traceback."""


@dataclass(frozen=True, slots=True)
class Place:
    """The data folder and the two ports of this run."""

    data_dir: Path
    port: int
    simulator_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"


def main(arguments: list[str]) -> int:
    try:
        if arguments == ["reset"]:
            return reset(_place())
        return run(_place())
    except (Refusal, RuntimeError) as refusal:
        print(f"\n{refusal}\n", file=sys.stderr)
        return 1


def run(place: Place) -> int:
    """Run everything until Ctrl-C (0), or until a part of it ends by itself (1)."""
    stopping = _hear_signals()
    with _held(place):
        for port, variable in ((place.port, "PORT"), (place.simulator_port, "SIMULATOR_PORT")):
            _check_port(port, variable)
        _set_environment(place)
        passwords, demo_is_loaded = _prepare()
        children = [
            Child("web", *_web(place)),
            Child("simulator", *_simulator(place)),
            Child("worker", *_manage("worker")),
        ]
        # It speaks to the others, so it starts when they answer; and it may end.
        wanted = os.environ.get("DEMO", "yes").lower() not in ("no", "false", "0")
        demo = [Child("demo", *_manage("demo"))] if wanted and not demo_is_loaded else []
        return _supervise(place, children, demo, passwords, stopping)


def reset(place: Place) -> int:
    """Delete what `make run` keeps in DATA_DIR. Refuses while it runs."""
    if not place.data_dir.exists():
        _say(f"There is nothing to forget: {place.data_dir} does not exist.")
        return 0
    with _held(place):
        embedded_postgresql.stop(place.data_dir / "postgres")
        for name in OURS:
            path = place.data_dir / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    _say(f"Forgotten: the database, files and secrets in {place.data_dir}.")
    if os.environ.get("DATABASE_URL"):
        _say("The database of DATABASE_URL is yours and was left alone.")
    return 0


# --- Before anything starts ------------------------------------------------------------------------------------------


def _place() -> Place:
    import environ

    environ.Env.read_env(BASE_DIR / ".env")
    port = _port("PORT", 8000)
    data_dir = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").expanduser().absolute()
    return Place(data_dir, port, _port("SIMULATOR_PORT", port + 1))


def _port(variable: str, default: int) -> int:
    word = os.environ.get(variable) or str(default)
    if not word.isdigit() or not 0 < int(word) < 65536:
        raise Refusal(f"{variable} is {word!r}, which is no port. Choose a number from 1024 to 65535.")
    return int(word)


class _held:
    """Locks DATA_DIR for this process. The kernel releases the lock when the process ends, however it ends."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        path = self._place.data_dir / "run.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+")
        except OSError as error:
            raise Refusal(
                f"{self._place.data_dir} cannot be written ({error.strerror}). It may belong to another user; "
                "name a folder of your own: DATA_DIR=~/inbox-data make run"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            raise Refusal(
                f"`make run` uses {self._place.data_dir} already (process {self._file.read().strip() or 'unknown'}). "
                "Stop it with Ctrl-C, or run another beside it: PORT=9000 DATA_DIR=var/second make run"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()


def _check_port(port: int, variable: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            another = 9000 if port < 9000 else port + 10
            raise Refusal(f"Port {port} {why}. Choose another: {variable}={another} make run") from error


def _set_environment(place: Place) -> None:
    """Fill the environment for us and the children, and development.env so that manage.py works beside `make run`.

    What the environment (or .env) already says is kept, but this is development whatever it says.
    """
    path = place.data_dir / "development.env"
    made_up = generated_secrets.generate() | generated_secrets.read(path)
    defaults = made_up | {
        "PORT": str(place.port),
        "WHATSAPP_GRAPH_URL": place.simulator_url,
        "WHATSAPP_SIMULATOR_URL": place.simulator_url,
        "WHATSAPP_AWS_URL": f"{place.simulator_url}/aws",
        "WHATSAPP_AWS_ACCESS_KEY_ID": "simulator",
        "WHATSAPP_AWS_SECRET_ACCESS_KEY": "simulator",
        "AWS_SNS_TOPICS": "arn:aws:sns:eu-central-1:000000000000:norte-whatsapp",
        "LOCAL_BUCKET": "on-this-machine",
    }
    generated_secrets.write(path, defaults | {"DEBUG": "true"})
    for name, value in (defaults | {"LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"}).items():
        os.environ[name] = os.environ.get(name) or value
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "true",
        "DATA_DIR": str(place.data_dir),
        "PORT": str(place.port),
    }


def _prepare() -> tuple[dict[str, bool], bool]:
    """Start the database, migrate it, create the demo's accounts.

    Returns which accounts still have the generated password, and whether the demo's conversations are loaded.
    """
    import django
    from django.core.management import call_command
    from django.db import DatabaseError, connection, connections

    _say("Starting the database …")
    django.setup()
    try:
        _wait_for_database()
        _refuse_other_versions()
        if not connection.introspection.table_names():
            _say("Creating the tables …")
        call_command("migrate", verbosity=0, interactive=False)
        from inbox.operations.demo import loading, people

        return people.ensure(os.environ["DEMO_PASSWORD"]), loading.is_loaded()
    except DatabaseError as error:
        if os.environ.get("DATABASE_URL"):
            raise Refusal(
                f"The database of DATABASE_URL does not answer as it should: {str(error).strip()}. Start it, correct "
                "DATABASE_URL, or unset it to use the embedded PostgreSQL."
            ) from error
        raise Refusal(
            f"The embedded PostgreSQL does not answer as it should: {str(error).strip()}. Wait a moment and try again; "
            "`make reset` starts afresh and forgets its data."
        ) from error
    finally:
        connections.close_all()


def _refuse_other_versions() -> None:
    """Raises Refusal for a database with migrations that this version does not have."""
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    if unknown := [
        name for app, name in loader.applied_migrations.keys() - loader.disk_migrations.keys() if app in OUR_APPS
    ]:
        raise Refusal(
            f"The database was made by another version of the inbox ({min(unknown)}). `make reset` starts afresh and "
            "forgets its data; with DATABASE_URL, name an empty database."
        )


def _wait_for_database() -> None:
    """The embedded server may still be stopping or recovering, and a busy machine takes its time over either."""
    from django.db import DatabaseError, connection

    deadline = time.monotonic() + (0 if os.environ.get("DATABASE_URL") else DATABASE_SECONDS)
    while True:
        try:
            return connection.ensure_connection()
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


# --- While it runs ---------------------------------------------------------------------------------------------------


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]


def _web(place: Place) -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "config.asgi:application"),
        *("--host", "127.0.0.1", "--port", str(place.port)),
        *("--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "5"),
    ]


def _simulator(place: Place) -> list[str]:
    return _manage("simulator", "--port", str(place.simulator_port), "--webhook-url", f"{place.url}/webhooks/meta/")


def _hear_signals() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set. A second signal raises KeyboardInterrupt."""
    stopping = threading.Event()

    def handle(*_: object) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    return stopping


def _supervise(
    place: Place, children: list[Child], demo: list[Child], passwords: dict[str, bool], stopping: threading.Event
) -> int:
    parent, deadline, welcomed = os.getppid(), time.monotonic() + START_TIMEOUT, False
    try:
        _say("Starting the inbox, its worker and the simulated phone …")
        for child in children:
            child.start()
        while not stopping.wait(0.2):
            if os.environ.get("MAKELEVEL") and os.getppid() != parent:
                break  # make was killed and cannot pass a Ctrl-C on any more
            for child in children:
                if child.ended:
                    raise Refusal(f"The {child.name} process ended ({child.ending}), so everything was stopped.")
            if welcomed:
                continue
            if _answers(place.url + "/health/live") and _answers(place.simulator_url + "/"):
                welcomed = True
                _welcome(place, passwords)
                for child in demo:
                    child.start()
            elif time.monotonic() > deadline:
                raise Refusal(f"The inbox did not answer within {START_TIMEOUT} seconds, so everything was stopped.")
        _say("Stopping …")
        return 0
    except KeyboardInterrupt:
        return 0
    finally:
        _stop([*demo, *children])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _stop(children: list[Child]) -> None:
    """Ask all to end, wait, then make them. A second Ctrl-C does not wait."""
    deadline = time.monotonic() + STOP_TIMEOUT
    try:
        for child in children:
            child.ask_to_end()
        while not all(child.ended for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
    except KeyboardInterrupt:
        pass  # hurry up
    finally:
        for child in children:
            child.kill()


def _welcome(place: Place, passwords: dict[str, bool]) -> None:
    def login(username: str) -> str:
        known = passwords.get(username)
        return f"{username} / {os.environ['DEMO_PASSWORD']}" if known else f"{username} / the password you chose"

    _say(
        f"""
  Inbox   {place.url + "/":<32} {login("agent")}
  Admin   {place.url + "/admin/":<32} {login("admin")}
  Phone   {place.simulator_url + "/":<32} play a customer here, in a second tab

  For development on this machine only. Data is in {_short(place.data_dir)}; `make reset` forgets it.
  Ctrl-C stops everything.
"""
    )


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
