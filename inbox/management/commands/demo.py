"""`manage.py demo`: fill a development inbox through the simulator, as customers would."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from simulator.control.client import SimulatorClient, SimulatorError


class Command(BaseCommand):
    help = "Load the demo inbox through the running simulator. For development only; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG or not settings.WHATSAPP_SIMULATOR_URL:
            raise CommandError("The demo is for development: start `make run`, which sets DEBUG and the simulator.")
        from inbox.operations.demo import loading, people

        people.ensure(settings.DEMO_PASSWORD)
        try:
            loading.load(SimulatorClient(settings.WHATSAPP_SIMULATOR_URL), self.stdout.write)
        except SimulatorError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo inbox is loaded.")
