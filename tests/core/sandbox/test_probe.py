from __future__ import annotations

import subprocess
import sys

import pytest

from core.sandbox import Lock, child_process, probe

SCRIPT = """
import sys
from core.sandbox import probe
from tests.core.sandbox.without import PARTS, forbid
forbid(sum((PARTS[part] for part in sys.argv[1:]), ()))
found = probe.examine()
print(found.lock.value, found.closed, found.landlock, list(found.through), found.because, sep="|")
"""


def examined_without(*parts: str) -> list[str]:
    """The probe's verdict on a machine that lacks these parts of the lock."""
    command = [sys.executable, "-c", SCRIPT, *parts]
    ran = subprocess.run(command, cwd=child_process.ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.strip().split("|")


class ExamineTests:
    def test_here_nothing_gets_through(self) -> None:
        found = probe.examine()
        assert (found.lock, found.through, found.because) == (Lock.CLOSED, (), "")
        assert found.closed
        assert found.landlock > 0

    def test_without_landlock_files_are_open(self) -> None:
        lock, closed, landlock, through, because = examined_without("landlock")
        assert (lock, closed, landlock, through) == ("filter", "False", "0", "[]")
        assert "Function not implemented" in because

    @pytest.mark.parametrize("parts", [["seccomp"], ["landlock", "seccomp"]])
    def test_without_the_list_of_calls_there_are_only_limits(self, parts: list[str]) -> None:
        lock, closed, *_ = examined_without(*parts)
        assert (lock, closed) == ("limits", "False")

    def test_a_lock_that_only_seems_to_hold_is_found_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Behaviour counts, not what the kernel promised: here every lock is put on, and none does anything."""
        monkeypatch.setattr(child_process, "CHILD", "tests.core.sandbox.unlocked_child")
        found = probe.examine()
        assert found.lock is Lock.CLOSED
        assert not found.closed
        assert len(found.through) >= 8
        assert {"connect by TCP", "read other files", "start programs", "start processes"} <= set(found.through)
