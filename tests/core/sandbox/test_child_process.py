from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.sandbox import Limits, Lock, child_process
from core.sandbox.child_process import Cause, CrashError, LockError, UndecodableError
from inbox.media.sandboxed import conversion, previews

LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=10, wall_seconds=60, file_bytes=1 << 20)


def run(folder: Path, work: str, *arguments: str, lock: Lock = Lock.CLOSED, **options: Any) -> dict[str, Any]:
    """Run a piece of the tests' work on a file of five bytes."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(b"hello")
    target.mkdir(exist_ok=True)
    return child_process.start(
        lock, f"tests.core.sandbox.work:{work}", source, target, *arguments, limits=LIMITS, **options
    )


class StartTests:
    def test_the_work_reads_its_file_and_writes_its_outputs(self, tmp_path: Path) -> None:
        found = run(tmp_path, "echo", "one", "two", outputs=["copy"])
        assert (found["arguments"], found["size"]) == (["one", "two"], 5)
        assert (tmp_path / "target" / "copy").read_bytes() == b"hello"

    def test_it_finds_nothing_of_ours_in_its_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "CANARY")
        environment = run(tmp_path, "echo", outputs=["copy"])["environment"]
        # Python adds LC_CTYPE by itself where nothing names a language.
        assert environment.keys() <= child_process.ENVIRONMENT.keys() | {"LC_CTYPE"}

    def test_what_was_not_named_as_an_output_cannot_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(CrashError, match="PermissionError"):
            run(tmp_path, "echo")
        assert not (tmp_path / "target" / "copy").exists()

    def test_a_refusal_comes_with_its_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(UndecodableError, match=r"It is too blue\.") as raised:
            run(tmp_path, "refuse")
        assert (raised.value.cause, raised.value.broken) == (Cause.REFUSED, True)

    def test_any_other_error_is_the_files_fault(self, tmp_path: Path) -> None:
        with pytest.raises(UndecodableError) as raised:
            run(tmp_path, "fail")
        assert (raised.value.cause, str(raised.value)) == (Cause.DAMAGED, "")
        assert raised.value.because == "ValueError: not ? a picture"

    def test_so_is_using_too_much_memory(self, tmp_path: Path) -> None:
        with pytest.raises(UndecodableError) as raised:
            run(tmp_path, "use_memory")
        assert raised.value.cause is Cause.MEMORY

    @pytest.mark.parametrize("work", ["import_late", "open_another", "blame_the_file"])
    def test_what_the_lock_refuses_is_our_fault(self, tmp_path: Path, work: str) -> None:
        """Otherwise a forgotten import would call every customer's file damaged."""
        with pytest.raises(CrashError, match="wanted what it may not have"):
            run(tmp_path, work)

    def test_a_full_disk_is_no_fault_of_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(CrashError, match="ended with 1"):
            run(tmp_path, "find_no_room")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
        shutil.rmtree(tmp_path / "target")
        with pytest.raises(OSError, match="No space left"):
            run(tmp_path, "find_no_room")

    def test_an_output_that_is_there_already_is_not_written(self, tmp_path: Path) -> None:
        """Whoever put it there may have put a link."""
        (tmp_path / "secret").write_text("ours")
        (tmp_path / "target").mkdir()
        (tmp_path / "target" / "copy").symlink_to(tmp_path / "secret")
        with pytest.raises(LockError):
            run(tmp_path, "echo", outputs=["copy"])
        assert (tmp_path / "secret").read_text() == "ours"


class LockTests:
    """A lock that cannot be put on: `without` forbids the calls that it takes."""

    @pytest.mark.parametrize(
        ("lock", "missing"), [("closed", "landlock"), ("closed", "seccomp"), ("filter", "seccomp")]
    )
    def test_without_its_lock_nothing_is_opened(self, tmp_path: Path, lock: str, missing: str) -> None:
        (tmp_path / "source").write_bytes(b"hello")
        (tmp_path / "target").mkdir()
        command = [sys.executable, "-m", "tests.core.sandbox.without", missing, lock, str(tmp_path)]
        ran = subprocess.run(command, cwd=child_process.ROOT, stderr=subprocess.PIPE, text=True)
        assert "LockError: could not lock itself in" in ran.stderr
        assert (tmp_path / "target" / "copy").read_bytes() == b""

    def test_no_lock_at_all_is_put_on_where_none_is_asked_for(self, tmp_path: Path) -> None:
        assert run(tmp_path, "open_another", lock=Lock.LIMITS) == {}


class LimitsTests:
    @pytest.mark.parametrize(("limits", "memory", "seconds"), [(previews.LIMITS, 1, 60), (conversion.LIMITS, 2, 1200)])
    def test_no_kind_of_work_may_use_more_than_the_machine_can_spare(
        self, limits: Limits, memory: int, seconds: int
    ) -> None:
        assert limits.memory_bytes <= memory << 30
        assert limits.cpu_seconds <= seconds
        assert limits.file_bytes <= 128 << 20

    def test_they_are_the_childs_alone(self, tmp_path: Path) -> None:
        before = [resource.getrlimit(what) for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
        run(tmp_path, "echo", outputs=["copy"])
        assert [resource.getrlimit(what) for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)] == before
        assert os.getpriority(os.PRIO_PROCESS, 0) <= 10


class LoadedTests:
    def test_the_child_loads_nothing_of_the_product(self, tmp_path: Path) -> None:
        """Each import takes time for every file, and holds what a taken-over decoder should not find."""
        loaded = run(tmp_path, "echo", outputs=["copy"])["modules"]
        assert not {"django", "inbox.models", "requests", "boto3", "subprocess"} & set(loaded)
        ours = {name for name in loaded if name.startswith(("inbox.", "whatsapp.", "config."))}
        assert all(name.startswith("core.sandbox") for name in ours)
