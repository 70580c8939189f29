from __future__ import annotations

import json
import os
import platform
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import Limits, Lock, child_process, kernel
from core.sandbox.child_process import Cause, CrashError, UndecodableError
from tests.core.sandbox.attacks import ATTACKS, ENDED, KNOWN
from tests.servers import wait_until

WORK = "tests.core.sandbox.attacks:attack"
LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=30, wall_seconds=100, file_bytes=64 << 20)
LOADER = "/lib/ld-linux-aarch64.so.1" if kernel.ARM else "/lib64/ld-linux-x86-64.so.2"
#: Started in the parent's place: it holds a secret, starts the child, and waits.
PARENT = """
import ctypes, json, os, sys
from pathlib import Path
from core.sandbox import Limits, Lock, child_process
lock, work, source, target, name, facts, limits = sys.argv[1:]
facts, held = json.loads(facts), ctypes.create_string_buffer(b"HUSH")
os.set_inheritable(facts["inheritable"], True)
facts |= {"parent": os.getpid(), "address": ctypes.addressof(held)}
child_process.CHILD = facts["child"]
found = child_process.start(Lock(lock), work, Path(source), Path(target), name, json.dumps(facts),
                            limits=Limits(*json.loads(limits)))
print(json.dumps(found))
"""


class Decoys:
    """A machine worth attacking: listeners, sockets, secrets, another job, a parent with a secret in it."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.folder = folder
        self.secret = folder / "secrets"
        self.secret.write_text("TOKEN=HUSH")
        self.job = folder / "job" / "source"
        self.job.parent.mkdir()
        self.job.write_text("another customer's file")
        (folder / "target").mkdir()
        (folder / "source").write_text("the input")
        tcp = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = opened.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        abstract = f"inbox-test-{os.getpid()}-{id(self)}"
        self.inheritable = tcp.fileno()
        self.facts: dict[str, Any] = {
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "unix": str(folder / "socket"),
            "abstract": abstract,
            "secret": str(self.secret),
            "job": str(self.job),
            "folder": str(folder),
            "loader": LOADER,
            "inheritable": self.inheritable,
        }
        for address in (self.facts["unix"], "\0" + abstract):
            listener = opened.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()

    def try_(self, name: str, lock: Lock = Lock.CLOSED, child: str = child_process.CHILD) -> dict[str, Any]:
        """Run one attack in a child of a parent of its own. Raises CalledProcessError when the child was ended."""
        self.facts["child"] = child
        arguments = [lock.value, WORK, str(self.folder / "source"), str(self.folder / "target"), name]
        done = subprocess.run(
            [sys.executable, "-c", PARENT, *arguments, json.dumps(self.facts), json.dumps(LIMITS)],
            cwd=child_process.ROOT,
            env={"SECRET": "HUSH"},
            pass_fds=[self.inheritable],
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def decoys(tmp_path: Path) -> Iterator[Decoys]:
    with ExitStack() as opened:
        yield Decoys(tmp_path, opened)


class AttackTests:
    @pytest.mark.parametrize("name", [name for name in ATTACKS if name not in ENDED | KNOWN])
    def test_it_is_stopped(self, decoys: Decoys, name: str) -> None:
        before = decoys.secret.stat()
        found = decoys.try_(name)
        assert not found["through"], found
        assert decoys.secret.read_text() == "TOKEN=HUSH"
        assert (decoys.secret.stat().st_mode, decoys.secret.stat().st_mtime) == (before.st_mode, before.st_mtime)
        assert (decoys.folder / "source").read_text() == "the input"
        assert sorted(path.name for path in decoys.folder.iterdir()) == ["job", "secrets", "socket", "source", "target"]
        assert [path.name for path in (decoys.folder / "target").iterdir()] == ["result.json"]

    @pytest.mark.parametrize("name", KNOWN)
    def test_it_is_known_to_get_through(self, decoys: Decoys, name: str) -> None:
        assert decoys.try_(name)["through"]

    @pytest.mark.parametrize(
        "name",
        [
            *("TCP", "UDP", "a Unix socket", "an abstract Unix socket", "netlink", "a signal", "forks"),
            *("/etc/passwd", "a secret file", "another job's file", "listing folders", "chmod", "memory in files"),
            *("many files", "executable memory"),
        ],
    )
    def test_it_would_get_through_with_limits_alone(self, decoys: Decoys, name: str) -> None:
        """So the attack is real, and it is the lock that stops it."""
        found = decoys.try_(name, Lock.LIMITS)
        assert found["through"], found

    @pytest.mark.parametrize(
        "name",
        [
            *("TCP", "an abstract Unix socket", "a signal", "truncating", "truncating by opening", "writing outside"),
            *("emptying its input", "the parent's environment", "a hard link", "renaming"),
        ],
    )
    def test_the_first_version_of_landlock_is_enough(self, decoys: Decoys, name: str) -> None:
        """Linux 5.13 to 5.18: later ones only add a second wall."""
        found = decoys.try_(name, child="tests.core.sandbox.old_landlock_child")
        assert not found["through"], found
        assert (decoys.folder / "source").read_text() == "the input"

    @pytest.mark.parametrize("name", ["TCP", "a Unix socket", "a signal", "forks", "memory in files", "io_uring"])
    def test_the_list_of_calls_alone_stops_it_too(self, decoys: Decoys, name: str) -> None:
        found = decoys.try_(name, Lock.FILTER)
        assert not found["through"], found


def start(folder: Path, name: str, limits: Limits) -> dict[str, Any]:
    (folder / "source").touch()
    (folder / "target").mkdir()
    arguments = (WORK, folder / "source", folder / "target", name, "{}")
    return child_process.start(Lock.CLOSED, *arguments, limits=limits)


class EndTests:
    """What only ends by force."""

    def test_processor_time_ends_though_the_signal_is_ignored(self, tmp_path: Path) -> None:
        with pytest.raises(CrashError, match="ended with -9"):
            start(tmp_path, "processor time", LIMITS._replace(cpu_seconds=1))

    def test_sleeping_ends_with_the_parents_patience(self, tmp_path: Path) -> None:
        with pytest.raises(CrashError, match="took too long"):
            start(tmp_path, "sleep", LIMITS._replace(wall_seconds=2))

    @pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has two sets of numbers")
    def test_another_set_of_call_numbers_ends_it(self, tmp_path: Path) -> None:
        with pytest.raises(CrashError, match="ended with -31"):
            start(tmp_path, "other numbers of calls", LIMITS)

    def test_it_ends_with_its_parent(self, tmp_path: Path) -> None:
        """Even one that ignores every signal that can be ignored."""
        (tmp_path / "source").touch()
        (tmp_path / "target").mkdir()
        facts = json.dumps({"inheritable": 2, "child": child_process.CHILD})
        arguments = ["closed", WORK, str(tmp_path / "source"), str(tmp_path / "target"), "sleep", facts]
        parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, *arguments, json.dumps(LIMITS)], cwd=child_process.ROOT
        )
        ended = threading.Event()
        try:
            child = _child_of(parent.pid, tmp_path / "target" / "result.json")
            watcher = threading.Thread(target=lambda: (_wait_for_end(child), ended.set()))
            watcher.start()
        finally:
            parent.kill()
            parent.wait()
        assert ended.wait(60)


def _child_of(parent: int, made: Path) -> int:
    """The only child of a process, once it has made its result."""
    wait_until(made.exists)
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def _wait_for_end(process: int) -> None:
    descriptor = os.pidfd_open(process)
    select.select([descriptor], [], [])
    os.close(descriptor)


def test_used_up_processor_time_is_the_files_fault(tmp_path: Path) -> None:
    (tmp_path / "source").touch()
    (tmp_path / "target").mkdir()
    arguments = ("tests.core.sandbox.work:spin", tmp_path / "source", tmp_path / "target")
    with pytest.raises(UndecodableError) as raised:
        child_process.start(Lock.CLOSED, *arguments, limits=LIMITS._replace(cpu_seconds=1))
    assert raised.value.cause is Cause.TIME
