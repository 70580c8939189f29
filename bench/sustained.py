"""Accepting and understanding together on one machine for a minute, a third of it redelivered."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from bench import raw16
from bench.installation import Installation, installation
from bench.load import Generator, Load
from bench.table import Figure, show

SECONDS = 60.0
REPLAYS = 0.3
CONNECTIONS = 64
TARGET = 0.8
#: Seconds that the backlog may take to be worked off after the load ends, for it to count as bounded.
CATCH_UP = 15.0


def main() -> int:
    with installation() as installed:
        return measure(installed)


def measure(installed: Installation) -> int:
    from django.db.models import Sum

    from inbox.models import Conversation, Message
    from whatsapp.models import Notification, PhoneNumber

    PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="100000000000001", name="Norte Service")
    before = raw16.rate(4.0)
    Notification.objects.all().delete()
    load, sending, catch_up = _accept_and_understand(installed, requests=int(SECONDS * before * 1.5))
    Notification.objects.all().delete()
    after = raw16.rate(4.0)
    rate = load.accepted / (sending + catch_up)
    ratio = rate / statistics.mean([before, after])
    messages = Message.objects.count()
    unread = Conversation.objects.aggregate(total=Sum("unread_count"))["total"]
    return show(
        f"Accepting and understanding together, {SECONDS:.0f} s, {REPLAYS:.0%} redelivered",
        [
            Figure("raw16, before and after", f"{before:,.0f} and {after:,.0f} rows/s"),
            Figure("accepted and understood", f"{rate:,.0f} notifications/s"),
            Figure("÷ raw16", f"{ratio:.2f} ×", f"at least {TARGET} ×", ratio >= TARGET),
            Figure("backlog worked off after", f"{catch_up:.1f} s", f"within {CATCH_UP:.0f} s", catch_up <= CATCH_UP),
            Figure("refused", f"{load.other}"),
            Figure(
                "accepted, stored, unread in the list",
                f"{load.distinct:,}, {messages:,}, {unread:,} messages",
                "equal",
                load.distinct == messages == unread,
            ),
        ],
    )


def _accept_and_understand(installed: Installation, *, requests: int) -> tuple[Load, float, float]:
    """Send webhooks to a web process beside one worker. What came of it, the seconds of sending, and those that the
    worker took afterwards."""
    from whatsapp.webhooks import journal

    with installed.web() as web:
        worker = subprocess.Popen([sys.executable, "manage.py", "worker"], stdout=subprocess.DEVNULL)
        try:
            generator = Generator(
                web.port,
                path="/webhooks/meta/",
                connections=CONNECTIONS,
                seconds=SECONDS,
                requests=requests,
                replays=REPLAYS,
            )
            started = time.perf_counter()
            load = generator.run()
            sent = time.perf_counter()
            while journal.oldest_pending_seconds() is not None and time.perf_counter() - sent < 10 * CATCH_UP:
                time.sleep(0.05)
            return load, sent - started, time.perf_counter() - sent
        finally:
            worker.terminate()
            worker.wait(40)


if __name__ == "__main__":
    sys.exit(main())
