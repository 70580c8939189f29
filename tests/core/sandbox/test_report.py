from __future__ import annotations

import errno
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.sandbox import Lock, kernel, landlock, parent, report
from core.sandbox.probe import Protection


def say(monkeypatch: pytest.MonkeyPatch, found: Protection | None) -> report.Report:
    monkeypatch.setattr(parent, "protection", lambda: found)
    return report.report()


class ReportTests:
    def test_a_lock_that_holds_needs_no_advice(self) -> None:
        found = report.report()
        assert (found.closed, found.decodes, found.advice) == (True, True, "")

    @pytest.mark.parametrize(
        ("code", "advice"),
        [
            (errno.ENOSYS, "use Linux 5.13 or newer"),
            (errno.EOPNOTSUPP, "add landlock to the lsm= list"),
            (errno.EPERM, "the seccomp profile of a Docker or Podman of 2022"),
        ],
    )
    def test_without_landlock_it_says_what_would_help(
        self, monkeypatch: pytest.MonkeyPatch, code: int, advice: str
    ) -> None:
        def missing() -> int:
            raise OSError(code, "no")

        monkeypatch.setattr(landlock, "abi", missing)
        found = say(monkeypatch, Protection(Lock.FILTER, (), "no"))
        assert (found.closed, found.decodes) == (False, False)
        assert advice in found.advice
        assert "No file is decoded" in found.sentence

    def test_another_system_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernel, "SUPPORTED", False)
        assert "needs Linux" in say(monkeypatch, Protection(Lock.LIMITS)).advice

    def test_what_gets_through_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = say(monkeypatch, Protection(Lock.CLOSED, ("connect by TCP", "start programs")))
        assert "can still connect by TCP, start programs" in found.sentence
        assert not found.decodes

    def test_what_could_not_be_tried_is_said(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        settings.DECODE_WITHOUT_SANDBOX = True
        found = say(monkeypatch, None)
        assert not found.decodes
        assert "could not be tried" in found.sentence

    @pytest.mark.parametrize(
        ("setting", "event", "level"),
        [
            ("", "files_not_decoded", "error"),
            ("DEBUG", "files_decoded_without_sandbox", "warning"),
            ("DECODE_WITHOUT_SANDBOX", "files_decoded_without_sandbox", "warning"),
        ],
    )
    def test_the_log_gets_one_line(self, no_sandbox: None, settings: Any, setting: str, event: str, level: str) -> None:
        if setting:
            setattr(settings, setting, True)
        with capture_logs() as lines:
            report.log_report()
        assert [(line["event"], line["log_level"]) for line in lines] == [(event, level)]


class CheckTests:
    def test_a_lock_that_holds_is_no_matter(self) -> None:
        assert report.sandbox_holds(None) == []

    def test_production_without_one_is_an_error_with_its_hint(self, no_sandbox: None) -> None:
        (message,) = report.sandbox_holds(None)
        assert (message.id, message.is_serious()) == ("sandbox.E001", True)
        assert message.hint

    def test_accepting_it_is_a_warning(self, no_sandbox: None, settings: Any) -> None:
        settings.DECODE_WITHOUT_SANDBOX = True
        (message,) = report.sandbox_holds(None)
        assert (message.id, message.is_serious()) == ("sandbox.W001", False)
