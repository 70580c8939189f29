"""`manage.py simulator`: plays WhatsApp on loopback, for development, training and demos."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from simulator.network import world
from simulator.server import Simulator


class Command(BaseCommand):
    help = "Plays WhatsApp: the Graph API, and a phone in a web page. Refuses to start where DEBUG is off."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=world.DEFAULT_PORT)
        parser.add_argument("--webhook-url", default=world.DEFAULT_WEBHOOK_URL, help="Where webhooks are posted.")
        parser.add_argument("--reset", action="store_true", help="Forget all people, messages and files first.")

    def handle(self, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The simulator does not run in production: DEBUG is off.")
        if not settings.WHATSAPP_APP_SECRETS:
            raise CommandError(
                "WHATSAPP_APP_SECRETS is empty: the simulator signs its webhooks with the first of them."
            )
        try:
            simulator = Simulator(
                folder=settings.DATA_DIR / "simulator",
                webhook_url=options["webhook_url"],
                app_secret=settings.WHATSAPP_APP_SECRETS[0],
                port=options["port"],
            )
        except OSError as error:
            raise CommandError(
                f"The simulator cannot listen on 127.0.0.1:{options['port']} ({error.strerror}). "
                "Stop what uses the port, or choose another with --port."
            ) from error
        if options["reset"]:
            simulator.exchange.reset()
        signal.signal(signal.SIGTERM, _interrupt)
        simulator.start()
        self.stdout.write(f"Simulator: the phone is at {simulator.origin}/, webhooks go to {options['webhook_url']}")
        try:
            simulator.wait()
        except KeyboardInterrupt:
            self.stdout.write("Simulator: stopped")
        finally:
            simulator.stop()


def _interrupt(signum: int, frame: Any) -> None:
    raise KeyboardInterrupt
