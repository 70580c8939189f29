"""The simulator's system check: production never talks to a simulated WhatsApp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def no_simulator_in_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """whatsapp.E010: WHATSAPP_SIMULATOR_URL is set although DEBUG is off."""
    if settings.DEBUG or not settings.WHATSAPP_SIMULATOR_URL:
        return []
    return [
        Error(
            "WHATSAPP_SIMULATOR_URL is set, but DEBUG is off: messages would go to a simulator instead of to people.",
            hint="Remove WHATSAPP_SIMULATOR_URL from the environment; only `make run` needs it.",
            id="whatsapp.E010",
        )
    ]
