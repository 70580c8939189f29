"""`make run` as a person meets it: one command that starts, says where, stops without a trace, and explains itself."""

from __future__ import annotations

import fcntl
import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port whose successor is free as well. Not one that the system gives to whoever asks for any: until the process
    has started, another test would get it."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class MakeRun:
    """`make run` in a folder of its own, without the demo's conversations."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.processes: list[subprocess.Popen[str]] = []
        self.output = data_dir.parent / "output.txt"

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        mine = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS")
        }
        environment = mine | {"PORT": str(self.port), "DATA_DIR": str(self.data_dir), "DEMO": "no"} | variables
        with self.output.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "config.development", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.processes.append(process)
        return process

    def start_and_wait(self) -> subprocess.Popen[str]:
        process = self.start()
        wait_until(lambda: "Ctrl-C stops everything" in self.said or process.poll() is not None, 60)
        assert process.poll() is None, self.said
        return process

    def refusal(self, *arguments: str, **variables: str) -> str:
        """What it says when it ends by itself, with an exit code that is a failure."""
        process = self.start(*arguments, **variables)
        assert process.wait(60) == 1, self.said
        return self.said

    def kill_all(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    @property
    def said(self) -> str:
        return self.output.read_text()

    def children(self) -> list[psutil.Process]:
        """The web process, the simulator and the worker, wherever they hang in the process tree."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("DATA_DIR") == str(self.data_dir) and process.name() != "postgres":
                    found.append(process)
            except psutil.Error:
                continue  # not ours to look at, or gone
        return [process for process in found if process.pid not in {each.pid for each in self.processes}]

    def child(self, word: str) -> psutil.Process:
        return next(child for child in self.children() if word in child.cmdline())

    def database_answers(self) -> bool:
        return (self.data_dir / "postgres" / "postmaster.pid").exists()


@pytest.fixture
def make_run(folder: Path) -> Iterator[MakeRun]:
    run = MakeRun(folder / "data", free_port())
    yield run
    run.kill_all()


class RunTests:
    def test_it_works(self, make_run: MakeRun) -> None:
        process = make_run.start_and_wait()

        inbox = re.search(r"Inbox +(\S+) +agent / (\S+)", make_run.said)
        assert inbox is not None, make_run.said
        assert inbox.group(1) == make_run.url + "/"
        assert requests.get(make_run.url + "/health/ready", timeout=10).json()["checks"]["database"]["ok"]
        assert requests.get(f"http://127.0.0.1:{make_run.port + 1}/", timeout=10).status_code == 200
        browser, page = self.log_in(make_run, "agent", inbox.group(2))
        assert page.status_code == 200
        assert page.url == make_run.url + "/"
        for address in ("/nothing/", "/conversations/404404/"):
            missing = browser.get(make_run.url + address, timeout=10)
            assert missing.status_code == 404
            assert "Page not found" in missing.text

        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert make_run.children() == []
        assert not make_run.database_answers()

    def test_a_part_that_dies_stops_the_rest_with_a_sentence(self, make_run: MakeRun) -> None:
        process = make_run.start_and_wait()
        make_run.child("worker").kill()
        assert process.wait(30) == 1
        assert "The worker process ended (signal SIGKILL), so everything was stopped." in make_run.said
        assert make_run.children() == []

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
    def test_nothing_is_left_when_it_is_killed_and_the_next_run_keeps_the_data(self, make_run: MakeRun) -> None:
        process = make_run.start_and_wait()
        login = re.search(r"admin / (\S+)", make_run.said)
        assert login is not None
        process.kill()
        process.wait()
        wait_until(lambda: make_run.children() == [], 30)

        make_run.start_and_wait()
        assert login.group() in make_run.said
        assert self.log_in(make_run, "admin", login.group(1))[1].url == make_run.url + "/"

    def log_in(self, make_run: MakeRun, username: str, password: str) -> tuple[requests.Session, requests.Response]:
        browser = requests.Session()
        address = make_run.url + "/accounts/login/"
        browser.get(address, timeout=10)
        token = next(cookie.value for cookie in browser.cookies if cookie.name.startswith("csrf"))
        form = {"login": username, "password": password, "csrfmiddlewaretoken": token or ""}
        return browser, browser.post(address, data=form, timeout=10)


class RefusalTests:
    def test_a_port_in_use_names_the_way_out(self, make_run: MakeRun) -> None:
        with socket.create_server(("127.0.0.1", make_run.port)):
            said = make_run.refusal()
        assert f"Port {make_run.port} is in use. Choose another: PORT=" in said
        assert "Traceback" not in said

    def test_the_simulators_port_in_use_names_the_way_out(self, make_run: MakeRun) -> None:
        with socket.create_server(("127.0.0.1", make_run.port + 1)):
            said = make_run.refusal()
        assert f"Port {make_run.port + 1} is in use. Choose another: SIMULATOR_PORT=" in said

    def test_a_port_that_is_none(self, make_run: MakeRun) -> None:
        assert "PORT is 'http', which is no port." in make_run.refusal(PORT="http")

    def test_a_data_folder_in_use_names_the_process(self, make_run: MakeRun) -> None:
        make_run.data_dir.mkdir()
        with (make_run.data_dir / "run.lock").open("w") as held:
            held.write("4711")
            held.flush()
            fcntl.flock(held, fcntl.LOCK_EX)
            said = make_run.refusal()
            assert "(process 4711)" in make_run.refusal("reset")
        assert f"`make run` uses {make_run.data_dir} already (process 4711)." in said
        assert "DATA_DIR=" in said

    def test_a_data_folder_that_cannot_be_made(self, make_run: MakeRun, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        said = make_run.refusal(DATA_DIR=str(tmp_path / "file" / "data"))
        assert "cannot be written" in said
        assert "Traceback" not in said

    def test_a_database_that_does_not_answer(self, make_run: MakeRun) -> None:
        said = make_run.refusal(DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/nothing")
        assert "The database of DATABASE_URL does not answer as it should" in said
        assert "Traceback" not in said


class ResetTests:
    def test_it_forgets_what_is_ours_and_leaves_the_rest(self, make_run: MakeRun) -> None:
        run = make_run.start_and_wait()
        run.send_signal(signal.SIGINT)
        run.wait(30)
        (make_run.data_dir / "letters.txt").write_text("mine")

        assert make_run.start("reset").wait(30) == 0
        assert f"Forgotten: the database, files and secrets in {make_run.data_dir}." in make_run.said
        assert [path.name for path in make_run.data_dir.iterdir()] == ["letters.txt"]

    def test_nothing_to_forget_is_fine(self, make_run: MakeRun) -> None:
        assert make_run.start("reset").wait(30) == 0
        assert "There is nothing to forget" in make_run.said
        assert not make_run.data_dir.exists()
