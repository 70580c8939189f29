"""`manage.py journal`: the journal's state, one notification in full, replay, and processing by hand."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from inbox.receiving import pipeline
from whatsapp.models import Notification
from whatsapp.webhooks import journal


class Command(BaseCommand):
    help = "Show the journal of webhook notifications, replay some of it, or process what is pending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")
        # Plain parsers: Django's own needs to know the command that called it.
        commands = parser.add_subparsers(dest="act", parser_class=ArgumentParser)
        show = commands.add_parser("show", help="one notification: its state, reason and raw body")
        show.add_argument("id", type=int)
        replay = commands.add_parser(
            "replay", help="put notifications back to pending; what they did is not done twice"
        )
        replay.add_argument("ids", type=int, nargs="*", metavar="ID")
        replay.add_argument("--parked", action="store_true", help="every parked one")
        replay.add_argument("--left-out", action="store_true", help="every one of which parts were left out")
        dismiss = commands.add_parser("dismiss", help="stop counting parked ones and those with parts left out")
        dismiss.add_argument("ids", type=int, nargs="+", metavar="ID")
        replay.add_argument("--since", metavar="TIME", help="everything received since 2026-11-22 or 2026-11-22T08:00")
        commands.add_parser("drain", help="process what is pending, in the foreground")

    def handle(self, *args: Any, **options: Any) -> None:
        match options["act"]:
            case "show":
                self._show(options["id"])
            case "replay":
                self._replay(options["ids"], options["parked"], options["left_out"], options["since"])
            case "dismiss":
                self.stdout.write(f"dismissed {journal.dismiss(options['ids'])}")
            case "drain":
                self.stdout.write(f"settled {pipeline.drain()}")
            case _:
                self._summary(as_json=options["json"])

    def _summary(self, *, as_json: bool) -> None:
        stand = journal.summary()
        age = stand.oldest_pending_seconds
        if as_json:
            counts = {
                "pending": stand.pending,
                "parked": stand.parked,
                "processed": stand.processed,
                "left_out": stand.left_out,
            }
            self.stdout.write(json.dumps(counts | {"oldest_pending_seconds": age}))
            return
        self.stdout.write(f"pending {stand.pending}")
        self.stdout.write(f"parked {stand.parked}")
        self.stdout.write(f"processed {stand.processed}")
        self.stdout.write(f"with parts left out {stand.left_out}")
        for reason, count in journal.left_out_reasons():
            self.stdout.write(f"  {count} × {_printable(reason)}")
        self.stdout.write("oldest pending: none" if age is None else f"oldest pending: {age:.0f} s")

    def _show(self, id: int) -> None:
        notification = Notification.objects.filter(pk=id).first()
        if notification is None:
            raise CommandError(f"There is no notification {id}. It may be older than JOURNAL_RETENTION_DAYS.")
        body = bytes(notification.body)
        self.stdout.write(f"notification {id} · {notification.provider} · {notification.state}")
        self.stdout.write(f"received {notification.received_at.isoformat()} · attempts {notification.attempts}")
        if notification.error:
            self.stdout.write(f"reason: {notification.error}")
        for problem in notification.problems:
            self.stdout.write(f"left out {_printable(problem['path'])}: {_printable(problem['reason'])}")
        self.stdout.write(f"body, {len(body)} bytes:")
        self.stdout.write(_printable(body.decode("utf-8", errors="backslashreplace")))

    def _replay(self, ids: list[int], parked: bool, left_out: bool, since: str | None) -> None:
        if bool(ids) + parked + left_out + bool(since) != 1:
            raise CommandError("Say which ones: ids, or --parked, or --left-out, or --since TIME.")
        if parked:
            count = journal.replay_parked()
        elif left_out:
            count = journal.replay_left_out()
        elif since:
            count = journal.replay_since(_moment(since))
        else:
            count = journal.replay(ids)
        self.stdout.write(f"replaying {count}")


def _printable(text: str) -> str:
    """Escaped, because a terminal obeys control characters that a stranger may have sent."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def _moment(text: str) -> Any:
    try:
        moment = parse_datetime(text)
        day = None if moment else parse_date(text)
    except ValueError:
        moment = day = None
    if moment is None and day is not None:
        moment = datetime.combine(day, time.min)
    if moment is None:
        raise CommandError(f"{text!r} is not a time: write 2026-11-22 or 2026-11-22T08:00.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
