"""`manage.py simulator` starts only where it may."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command


class SimulatorCommandTests:
    def test_the_command_refuses_to_start_in_production(self, settings: Any) -> None:
        settings.DEBUG = False

        with pytest.raises(CommandError, match="does not run in production"):
            call_command("simulator", port=0)

    def test_the_command_needs_a_secret(self, settings: Any) -> None:
        settings.DEBUG, settings.WHATSAPP_APP_SECRETS = True, []

        with pytest.raises(CommandError, match="WHATSAPP_APP_SECRETS is empty"):
            call_command("simulator", port=0)
