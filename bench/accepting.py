"""Accepted webhooks a second, beside committing one row each and beside a plain Django view."""

from __future__ import annotations

import statistics
import sys

from bench import raw16
from bench.installation import WebProcess, installation
from bench.load import Generator, Load
from bench.table import Figure, show

CYCLES = 7
SECONDS = 2.0
CONNECTIONS = 64
OVER_RAW16 = 1.5
OVER_PLAIN_VIEW = 50
P99_MS = 50.0


def load(web: WebProcess, path: str, requests: int) -> Load:
    """One burst at ``path``. Raises RuntimeError when anything but 200 came back."""
    seen = Generator(web.port, path=path, connections=CONNECTIONS, seconds=SECONDS, requests=requests).run()
    if seen.other:
        raise RuntimeError(f"{seen.other} of {seen.other + seen.accepted} requests to {path} were refused.")
    return seen


def main() -> int:
    with (
        installation() as installed,
        installed.web() as ours,
        installed.web(DJANGO_SETTINGS_MODULE="bench.plain_settings") as plain,
    ):
        return measure(ours, plain)


def measure(ours: WebProcess, plain: WebProcess) -> int:
    from whatsapp.models import Notification, PhoneNumber

    PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="100000000000001", name="Norte Service")
    # Warm: the statement prepared, the thousand customers of the plain view known.
    load(ours, "/webhooks/meta/", 2_000)
    load(plain, "/plain/", 1_000)
    rows, doors, views = [], [], []
    for _ in range(CYCLES):
        rows.append(raw16.rate(SECONDS))
        # Nobody understands them here; a journal that is far behind makes the door pause, which `sustained` measures.
        Notification.objects.all().delete()
        doors.append(load(ours, "/webhooks/meta/", int(SECONDS * 25_000)))
        if Notification.objects.count() != doors[-1].accepted:
            raise RuntimeError("The journal does not hold exactly what was accepted.")
        views.append(load(plain, "/plain/", 5_000))
    over_rows = statistics.median(door.rate / row for door, row in zip(doors, rows, strict=True))
    over_views = statistics.median(door.rate / view.rate for door, view in zip(doors, views, strict=True))
    p50 = statistics.median(door.p50 for door in doors)
    p99 = statistics.median(door.p99 for door in doors)
    view_p99 = statistics.median(view.p99 for view in views)
    return show(
        f"Accepting: {CONNECTIONS} connections, durable, signed, distinct; median of {CYCLES} interleaved cycles",
        [
            Figure("raw16: 16 connections, one row each", f"{statistics.median(rows):,.0f} rows/s"),
            Figure("plain view through the ORM", f"{statistics.median(view.rate for view in views):,.0f} webhooks/s"),
            Figure("plain view, p99", f"{view_p99:.0f} ms"),
            Figure("the endpoint, one process", f"{statistics.median(door.rate for door in doors):,.0f} webhooks/s"),
            Figure("÷ raw16", f"{over_rows:.2f} ×", f"at least {OVER_RAW16} ×", over_rows >= OVER_RAW16),
            Figure(
                "÷ plain view", f"{over_views:.0f} ×", f"at least {OVER_PLAIN_VIEW} ×", over_views >= OVER_PLAIN_VIEW
            ),
            Figure("p50", f"{p50:.1f} ms"),
            Figure("p99", f"{p99:.1f} ms", f"under {P99_MS:.0f} ms", p99 < P99_MS),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
