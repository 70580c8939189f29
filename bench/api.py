"""A thread of 50 messages as JSON: how many times the cost of the emptiest call of the API, in the same run."""

from __future__ import annotations

import os
import sys

from bench.installation import installation
from bench.pages import THREAD, add_files, fill, timed, vacuum
from bench.table import Figure, show

#: How many of the emptiest calls each may cost.
LIMIT = 2.0


def main() -> int:
    # The client asks over plain HTTP inside this process.
    with installation({"ALLOWED_HOSTS": "testserver,127.0.0.1", "API_CALLS_PER_MINUTE": "0"}):
        return measure()


def measure() -> int:
    from django.test import Client

    from inbox.api import tokens
    from inbox.models import Program
    from whatsapp.models import PhoneNumber

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    number = PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="1", name="Norte Service")
    program = Program.objects.create(name="Bench")
    program.numbers.add(number)
    (thread,) = fill(number.pk, 0, 1, THREAD)
    (with_files,) = fill(number.pk, 1, 1, 200)
    add_files(with_files)
    vacuum()
    paths = {
        "emptiest call": "/api/numbers",
        "thread": f"/api/messages?conversationId={thread}",
        "thread with files": f"/api/messages?conversationId={with_files}",
    }
    times = timed(Client(headers={"Authorization": f"Bearer {tokens.make(program)[1]}"}), paths)
    empty, _ = times.pop("emptiest call")
    figures = [Figure("emptiest call", f"{empty:.1f} ms")]
    for name, (taken, queries) in times.items():
        ratio = taken / empty
        value = f"{taken:.1f} ms = {ratio:.1f} × emptiest, {queries} queries"
        figures.append(Figure(name, value, f"within {LIMIT} ×", ratio <= LIMIT))
    return show("API: server time of 50 messages as JSON", figures)


if __name__ == "__main__":
    sys.exit(main())
