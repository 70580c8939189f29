from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.sandbox import Limits, Lock, parent, probe
from core.sandbox.child_process import CrashError
from core.sandbox.parent import NoSandboxError
from core.sandbox.probe import Protection

LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=10, wall_seconds=60, file_bytes=1 << 20)
OPEN = Protection(Lock.FILTER, (), "there is no Landlock")
LEAKING = Protection(Lock.CLOSED, ("connect by TCP",))


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process found out about the machine is forgotten."""
    monkeypatch.setattr(parent, "_found", None)
    monkeypatch.setattr(parent, "_failed_at", float("-inf"))


def run(folder: Path, work: str = "echo") -> dict[str, Any]:
    (folder / "source").write_bytes(b"hello")
    (folder / "target").mkdir()
    arguments = (f"tests.core.sandbox.work:{work}", folder / "source", folder / "target")
    return parent.run(*arguments, limits=LIMITS, outputs=["copy"])


class RunTests:
    def test_here_it_is_locked_in(self, tmp_path: Path) -> None:
        with pytest.raises(CrashError, match="PermissionError"):
            run(tmp_path, "open_another")

    @pytest.mark.parametrize("found", [OPEN, LEAKING, Protection(Lock.LIMITS)])
    def test_production_opens_nothing_without_a_lock_that_holds(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Protection
    ) -> None:
        monkeypatch.setattr(probe, "examine", lambda: found)
        with pytest.raises(NoSandboxError):
            run(tmp_path)
        assert list((tmp_path / "target").iterdir()) == []
        assert not parent.available()

    @pytest.mark.parametrize("setting", ["DECODE_WITHOUT_SANDBOX", "DEBUG"])
    def test_it_does_when_somebody_accepts_that_with_the_best_lock_there_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, setting: str
    ) -> None:
        monkeypatch.setattr(probe, "examine", lambda: OPEN)
        setattr(settings, setting, True)
        assert parent.check() is Lock.FILTER
        assert run(tmp_path)["size"] == 5

    def test_accepting_it_opens_no_lock_that_holds(self, settings: Any) -> None:
        settings.DECODE_WITHOUT_SANDBOX = True
        assert parent.check() is Lock.CLOSED

    def test_what_could_not_be_tried_is_not_trusted_and_tried_again_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries = []

        def fail() -> Protection:
            tries.append(1)
            raise CrashError("took too long")

        monkeypatch.setattr(probe, "examine", fail)
        for _ in range(2):
            assert not parent.available()
        assert len(tries) == 1
        monkeypatch.setattr(probe, "examine", lambda: Protection(Lock.CLOSED))
        monkeypatch.setattr(parent, "AGAIN_AFTER", 0.0)
        assert parent.available()

    def test_it_is_tried_once_in_each_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert parent.available()
        monkeypatch.setattr(probe, "examine", lambda: OPEN)
        assert parent.available()
