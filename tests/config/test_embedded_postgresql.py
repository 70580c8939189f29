"""The embedded PostgreSQL: started once, shared, left by the last, and none the worse for whatever was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded_postgresql

ROOT = Path(__file__).resolve().parents[2]
#: Joins the server in argv[1], says so, and leaves when its standard input ends.
USER = """
import sys
from pathlib import Path
from config import embedded_postgresql
place = embedded_postgresql.database(Path(sys.argv[1]), durable=False)
print(place["HOST"], flush=True)
sys.stdin.read()
"""


class Users:
    """Processes that use the server of one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.processes: list[subprocess.Popen[str]] = []

    def begin(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.processes.append(process)
        return process

    def join(self) -> subprocess.Popen[str]:
        process = self.begin()
        assert self.place(process)
        return process

    def place(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def leave(self, process: subprocess.Popen[str]) -> None:
        process.communicate(timeout=30)

    def postmaster(self) -> int:
        return int((self.directory / "postmaster.pid").read_text().splitlines()[0])

    def answers(self) -> bool:
        try:
            with psycopg.connect(host=str(self.directory), user="postgres", dbname="postgres") as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False


@pytest.fixture
def users(folder: Path) -> Iterator[Users]:
    users = Users(folder / "pg")
    yield users
    for process in users.processes:
        process.kill()
        process.communicate()
    embedded_postgresql.stop(users.directory)


class EmbeddedTests:
    def test_it_works(self, users: Users) -> None:
        first = users.join()
        assert users.answers()

        second = users.join()
        server = users.postmaster()
        users.leave(first)
        assert users.answers()
        assert users.postmaster() == server

        users.leave(second)
        assert not users.answers()
        assert not (users.directory / "postmaster.pid").exists()

    def test_six_processes_at_once_share_one_server(self, users: Users) -> None:
        processes = [users.begin() for _ in range(6)]
        places = {users.place(process) for process in processes}
        assert places == {str(users.directory)}
        assert users.answers()

    def test_its_words_sort_and_fold_the_same_on_every_machine(
        self, users: Users, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LANG", "xx_XX.UTF-8")  # not installed anywhere: initdb alone would refuse
        users.join()
        with psycopg.connect(host=str(users.directory), user="postgres", dbname="postgres") as connection:
            row = connection.execute("SELECT lower('ÄЖΩ'), current_setting('server_encoding')").fetchone()
        assert row == ("äжω", "UTF8")

    def test_a_killed_user_does_not_keep_the_server_alive(self, users: Users) -> None:
        killed, other = users.join(), users.join()
        killed.kill()
        killed.wait()
        users.leave(other)
        assert not users.answers()

    def test_a_killed_server_starts_again(self, users: Users) -> None:
        killed = users.join()
        os.kill(users.postmaster(), signal.SIGKILL)
        killed.kill()
        killed.wait()
        users.join()
        assert users.answers()

    def test_a_stale_pid_file_that_names_another_process_is_not_believed(self, users: Users) -> None:
        users.leave(users.join())
        stranger = os.getpid()
        (users.directory / "postmaster.pid").write_text(
            f"{stranger}\n{users.directory}\n1700000000\n5432\n{users.directory}\n\n 1 1\nready\n"
        )
        (users.directory / ".s.PGSQL.5432.lock").write_text(f"{stranger}\n")
        users.join()
        assert users.answers()
        assert users.postmaster() != stranger

    def test_half_a_pid_file_is_not_believed(self, users: Users) -> None:
        users.leave(users.join())
        (users.directory / "postmaster.pid").write_text(f"{os.getpid()}\n")
        users.join()
        assert users.answers()

    def test_an_interrupted_creation_is_begun_anew(self, users: Users) -> None:
        unfinished = users.directory.with_name("pg.new")
        unfinished.mkdir()
        (unfinished / "PG_VERSION").write_text("18\n")
        users.join()
        assert users.answers()
        assert not unfinished.exists()

    def test_a_folder_that_is_something_else_is_left_alone_and_said(self, users: Users) -> None:
        users.directory.mkdir()
        (users.directory / "letters.txt").write_text("mine")
        with pytest.raises(RuntimeError, match="did not start"):
            embedded_postgresql.database(users.directory)
        assert (users.directory / "letters.txt").read_text() == "mine"


class StopTests:
    def test_it_stops_what_a_killed_run_left(self, users: Users) -> None:
        killed = users.join()
        killed.kill()
        killed.wait()
        assert users.answers()
        embedded_postgresql.stop(users.directory)
        assert not users.answers()

    def test_it_refuses_while_a_process_uses_it(self, users: Users) -> None:
        user = users.join()
        with pytest.raises(RuntimeError, match=f"in use by process {user.pid}"):
            embedded_postgresql.stop(users.directory)
        assert users.answers()

    def test_nothing_to_stop_is_fine(self, tmp_path: Path) -> None:
        embedded_postgresql.stop(tmp_path / "nothing")
        assert not (tmp_path / "nothing").exists()
