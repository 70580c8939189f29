from __future__ import annotations

import io

import pytest
from django.core.management.base import OutputWrapper

from inbox.operations import progress
from inbox.operations.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def every_state_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "TERMINAL_SECONDS", 0)
    monkeypatch.setattr(progress, "LOG_SECONDS", 0)


class BarTests:
    def test_in_a_log_each_state_is_a_line(self) -> None:
        log = io.StringIO()
        bar = Bar(OutputWrapper(log))

        bar("Listing files", 5, None)
        bar("Messages", 3, 4)
        bar.end()

        lines = log.getvalue().splitlines()
        assert any(line.startswith("Listing files: 5 [") for line in lines)
        assert any(line.startswith("Messages:  75%") and "3/4" in line for line in lines)

    def test_on_a_terminal_one_line_is_rewritten(self) -> None:
        terminal = Terminal()
        bar = Bar(OutputWrapper(terminal))

        bar("Messages", 3, 4)
        bar.end()

        assert "\rMessages:  75%" in terminal.getvalue()
        assert "\n" not in terminal.getvalue()
