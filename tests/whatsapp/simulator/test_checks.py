from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command


def found() -> list[str]:
    return [message.id or "" for message in run_checks() if message.id == "whatsapp.E010"]


class ProductionTests:
    def test_the_check_refuses_a_simulator_in_production(self, settings: Any) -> None:
        settings.DEBUG = False
        settings.WHATSAPP_SIMULATOR_URL = "http://127.0.0.1:8001"
        assert found() == ["whatsapp.E010"]

        settings.DEBUG = True
        assert found() == []

        settings.DEBUG, settings.WHATSAPP_SIMULATOR_URL = False, ""
        assert found() == []

    def test_the_command_refuses_to_start_in_production(self, settings: Any) -> None:
        settings.DEBUG = False

        with pytest.raises(CommandError, match="does not run in production"):
            call_command("simulator", port=0)

    def test_the_command_needs_a_secret(self, settings: Any) -> None:
        settings.DEBUG, settings.WHATSAPP_APP_SECRETS = True, []

        with pytest.raises(CommandError, match="WHATSAPP_APP_SECRETS is empty"):
            call_command("simulator", port=0)
